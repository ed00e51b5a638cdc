#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Brings up a Flink, or a Spark, that takes Beam's jobs on this machine, and ends it
# with all that it has started on Ctrl-C:
#
#	infra/flink/run.sh [--cluster [N] | --spark | --setup] [--work FOLDER] [--with PID]
#
# README.md says what each does. What a job needs to know is printed as KEY=VALUE
# lines, READY=1 last. All ports are free ones that the programs choose themselves.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/chromabeam
readonly here cache

kind=local
managers=2
work=
own_work=
with=
pids=() # of the JVMs that everything depends on
names=()
found=          # by await
taskmanagers=() # their process ids, by number from 0

# Seconds that a part may take to come up, and to end.
readonly patience=120
readonly grace=15

say() { echo "run.sh: $*" >&2; }

usage() {
	say "$1"
	echo "usage: infra/flink/run.sh [--cluster [N] | --spark | --setup] [--work FOLDER] [--with PID]" >&2
	exit 2
}

options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--cluster)
			kind=cluster
			if [[ ${2:-} =~ ^[0-9] ]]; then
				managers=$2
				shift
			fi
			[[ $managers =~ ^[1-9][0-9]?$ ]] || usage "the number of task managers must be in [1, 99], got $managers"
			;;
		--spark) kind=spark ;;
		--setup) kind=setup ;;
		--work | --with)
			[ -n "${2:-}" ] || usage "$1 needs a value"
			if [ "$1" = --work ]; then work=$2; else with=$2; fi
			shift
			;;
		*) usage "there is no option $1" ;;
		esac
		shift
	done
}

# need PROGRAM WHY wants a program on the PATH.
need() {
	if ! command -v "$1" >/dev/null; then
		say "no $1 on this machine: $2"
		exit 3
	fi
}

# --- what is downloaded and built, once ---

# jars PROFILE makes the class path of one of pom.xml's profiles below the cache, and
# prints its folder. What an older pom.xml has made is made again.
jars() {
	local profile=$1 version dir tmp
	version=$(sed -n 's|.*<beam.version>\(.*\)</beam.version>.*|\1|p' "$here/pom.xml")
	dir=$cache/$profile-$version
	if ! cmp -s "$here/pom.xml" "$dir/pom.xml"; then
		need mvn "it downloads Beam's job server"
		say "downloading $profile with Beam $version into $dir"
		mkdir -p "$cache"
		tmp=$(mktemp -d "$cache/.$profile.XXXXXX")
		cp "$here/pom.xml" "$tmp/build.xml"
		if ! maven "$tmp" "$profile" >"$tmp/mvn.log" 2>&1; then
			tail -n 20 "$tmp/mvn.log" >&2
			rm -rf "$tmp"
			say "Maven failed"
			return 1
		fi
		rm -rf "$tmp/target" "$tmp/mvn.log"
		mv "$tmp/build.xml" "$tmp/pom.xml" # the mark of a folder that is whole
		rm -rf "$dir"
		# Another run.sh may have been as fast.
		mv -T "$tmp" "$dir" 2>/dev/null || rm -rf "$tmp"
	fi
	echo "$dir"
}

maven() {
	local tmp=$1 profile=$2
	mkdir "$tmp/lib"
	if [ "$profile" = flink ]; then
		mvn -B -f "$tmp/build.xml" -P "$profile" jar:jar shade:shade || return 1
		mv "$tmp/target/jobserver-1.jar" "$tmp/lib/"
	else
		mvn -B -f "$tmp/build.xml" -P "$profile" dependency:copy-dependencies \
			-DincludeScope=runtime -DoutputDirectory="$tmp/lib"
	fi
}

# boot builds Beam's boot program of the version in go.mod and prints its path. It is
# built as the toolkit is, so that most of its packages are compiled already.
boot() {
	local module=github.com/apache/beam/sdks/v2 version dir
	version=$(cd "$here" && awk -v m="$module" '$1 == m || $2 == m { sub(/.* v/, "v"); print $1; exit }' ../../go.mod)
	dir=$cache/boot-$version
	if [ ! -x "$dir/boot" ]; then
		need go "it builds Beam's boot program"
		say "building boot of Beam $version into $dir"
		mkdir -p "$dir"
		(cd "$here" && go build -o "$dir/boot.$$" "$module/go/container") || return 1
		mv "$dir/boot.$$" "$dir/boot"
	fi
	echo "$dir/boot"
}

# --- processes ---

# What Flink and Spark reach into, which a JVM does not let them by itself.
opens=()
for package in lang lang.reflect util util.concurrent util.concurrent.atomic net io nio text time; do
	opens+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
opens+=(--add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/sun.security.action=ALL-UNNAMED
	--add-exports=java.base/sun.net.util=ALL-UNNAMED)

# jvm NAME ARGUMENT... starts a JVM with its log in WORK/NAME.log; its id is in $!.
jvm() {
	local name=$1
	shift
	java "${opens[@]}" -Djava.io.tmpdir="$work/tmp" -Dorg.slf4j.simpleLogger.showDateTime=true \
		-cp "$lib/*" "$@" >>"$work/$name.log" 2>&1 </dev/null &
}

# lasting NAME notes that nothing goes on without the JVM just started.
lasting() {
	pids+=("$!")
	names+=("$1")
}

# await NAME PATTERN PID waits for a line in a process's log and sets found to what its
# first group matches. (A function in $() would put signals off.)
await() {
	local name=$1 pattern=$2 until=$((SECONDS + patience))
	while [ $SECONDS -lt $until ]; do
		# The log may not be there yet.
		found=$(sed -nE "s/.*$pattern.*/\1/p" "$work/$name.log" 2>/dev/null | head -n 1) || true
		if [ -n "$found" ]; then return; fi
		kill -0 "$3" 2>/dev/null || break
		sleep 0.2
	done
	say "$name did not come up; the end of $work/$name.log:"
	tail -n 20 "$work/$name.log" >&2
	return 1
}

# leftovers prints the processes that have the work folder in their command line, this
# shell apart.
#
# shellcheck disable=SC2329 # by finish
leftovers() {
	local file pid name
	grep -slF -- "$work/" /proc/[0-9]*/cmdline | while read -r file; do
		pid=${file//[!0-9]/}
		read -r name 2>/dev/null <"/proc/$pid/comm" || continue # it has ended
		if [ "$name" != grep ] && [ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ]; then echo "$pid"; fi
	done
}

# finish ends everything: JVMs by a signal, and workers by themselves, since they see
# that their JVM is gone.
#
# shellcheck disable=SC2329 # by a trap
finish() {
	local code=$? until=$((SECONDS + grace)) left
	trap '' INT TERM HUP
	trap - EXIT
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
	[ ${#taskmanagers[@]} = 0 ] || kill "${taskmanagers[@]}" 2>/dev/null || true
	if [ -n "$work" ]; then
		while left=$(leftovers) && [ -n "$left" ] && [ "$SECONDS" -lt "$until" ]; do sleep 0.2; done
		# shellcheck disable=SC2086 # one word for each
		[ -z "$left" ] || kill -KILL $left 2>/dev/null || true
	fi
	wait 2>/dev/null || true
	if [ -n "$own_work" ] && [ "$code" -ge 128 ]; then rm -rf -- "$work"; fi
	exit "$code"
}

# --- Flink ---

# configure FILE LINE... writes a configuration for all of Flink's parts.
configure() {
	local dir=$1
	shift
	mkdir -p "$dir"
	cat >"$dir/config.yaml" <<-END
		restart-strategy.type: fixed-delay
		restart-strategy.fixed-delay.attempts: 4
		restart-strategy.fixed-delay.delay: 1s
		heartbeat.interval: 2000
		heartbeat.timeout: 10000
		parallelism.default: 1
		classloader.resolve-order: parent-first
		io.tmp.dirs: $work/tmp
	END
	printf '%s\n' "$@" >>"$dir/config.yaml"
}

# serving waits for the job server that was just started, and prints where it is.
serving() {
	lasting jobserver
	echo "JOBSERVER=$!"
	await jobserver 'JobService started on localhost:([0-9]+)' "$!"
	echo "ENDPOINT=localhost:$found"
}

# job_server MASTER starts Beam's job server for a Flink.
job_server() {
	jvm jobserver -Xmx1g org.apache.beam.runners.flink.FlinkJobServerDriver --job-host=localhost --job-port=0 \
		--artifact-port=0 --expansion-port=0 --artifacts-dir="$work/artifacts" --flink-master="$1" --flink-conf-dir="$work/conf"
	serving
}

cluster() {
	local rpc rest i
	configure "$work/jobmanager" 'jobmanager.rpc.address: localhost' 'jobmanager.bind-host: localhost' \
		'jobmanager.rpc.port: 0' 'rest.address: localhost' 'rest.bind-address: localhost' 'rest.port: 0' \
		'rest.bind-port: 0' 'jobmanager.memory.process.size: 1024m' 'cluster.evenly-spread-out-slots: true' \
		'blob.server.port: 0'
	jvm jobmanager -Xmx512m org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint \
		--configDir "$work/jobmanager" --host localhost
	lasting jobmanager
	echo "JOBMANAGER=$!"
	await jobmanager 'Actor system started at [a-z.]+:\/\/flink@localhost:([0-9]+)' "$!"
	rpc=$found
	await jobmanager 'Rest endpoint listening at [a-z0-9.]+:([0-9]+)' "$!"
	rest=$found
	# Two slots, so that two task managers do for a parallelism of 4.
	configure "$work/conf" 'jobmanager.rpc.address: localhost' "jobmanager.rpc.port: $rpc" \
		'rest.address: localhost' "rest.port: $rest" 'taskmanager.host: localhost' 'taskmanager.bind-host: localhost' \
		'taskmanager.numberOfTaskSlots: 2' 'taskmanager.cpu.cores: 2' \
		'taskmanager.memory.framework.heap.size: 128m' 'taskmanager.memory.task.heap.size: 256m' \
		'taskmanager.memory.framework.off-heap.size: 128m' 'taskmanager.memory.task.off-heap.size: 0m' \
		'taskmanager.memory.managed.size: 128m' 'taskmanager.memory.network.min: 64m' \
		'taskmanager.memory.network.max: 64m' 'taskmanager.memory.jvm-metaspace.size: 256m' \
		'taskmanager.memory.jvm-overhead.min: 192m' 'taskmanager.memory.jvm-overhead.max: 192m'
	for ((i = 0; i < managers; i++)); do task_manager "$i"; done
	job_server "localhost:$rest"
	await_managers "$rest"
	echo "REST=http://localhost:$rest"
}

# task_manager I starts the task manager of a number, or starts it again.
task_manager() {
	jvm "taskmanager-$1" -Xmx400m -XX:MaxDirectMemorySize=320m -XX:MaxMetaspaceSize=256m \
		org.apache.flink.runtime.taskexecutor.TaskManagerRunner --configDir "$work/conf"
	taskmanagers[$1]=$!
}

# await_managers PORT waits until the job manager knows all task managers.
await_managers() {
	local until=$((SECONDS + patience)) answer
	while [ $SECONDS -lt $until ]; do
		answer=$(overview "$1" || true)
		if [[ $answer == *"\"taskmanagers\":$managers,"* ]]; then return; fi
		sleep 0.2
	done
	say "the task managers did not come up; see $work/taskmanager-0.log"
	return 1
}

# overview PORT asks for a cluster's state, without curl.
overview() {
	local line
	exec 3<>"/dev/tcp/localhost/$1" || return 1
	printf 'GET /overview HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
	while IFS= read -r -t 5 line <&3 || [ -n "$line" ]; do
		echo "$line"
		line=
	done
	exec 3>&-
}

# --- Spark ---

spark() {
	jvm jobserver -Xmx1g -Dspark.local.dir="$work/tmp" \
		-Dspark.ui.enabled=false -Dspark.driver.host=localhost -Dspark.driver.bindAddress=127.0.0.1 \
		org.apache.beam.runners.spark.SparkJobServerDriver --job-host=localhost --job-port=0 --artifact-port=0 \
		--expansion-port=0 --artifacts-dir="$work/artifacts" --spark-master-url='local[2]'
	serving
}

# watch waits for a signal. Task managers that end are started again, as whoever runs a
# cluster does; without one of the others nothing goes on.
watch() {
	local i
	while [ -z "$with" ] || kill -0 "$with" 2>/dev/null; do
		for i in "${!pids[@]}"; do
			if ! kill -0 "${pids[$i]}" 2>/dev/null; then
				say "${names[$i]} ended; the end of its log:"
				tail -n 20 "$work/${names[$i]}.log" >&2
				exit 1
			fi
		done
		for i in "${!taskmanagers[@]}"; do
			if ! kill -0 "${taskmanagers[$i]}" 2>/dev/null; then
				say "task manager $i ended and is started again"
				task_manager "$i"
			fi
		done
		sleep 1 &
		wait $! || true
	done
	exit 143
}

options "$@"
need java "Flink needs Java 17 or later"
profile=flink
if [ "$kind" = spark ]; then profile=spark; fi
lib=$(jars "$profile")/lib
CHROMABEAM_BOOT=$(boot)
if [ "$kind" = setup ]; then exit; fi

trap finish EXIT
# A second Ctrl-C must not keep finish from its work.
trap "trap '' INT TERM HUP; exit 130" INT
trap "trap '' INT TERM HUP; exit 143" TERM HUP
if [ -z "$work" ]; then
	own_work=1
	work=$(mktemp -d "${TMPDIR:-/tmp}/chromabeam-flink.XXXXXX")
fi
mkdir -p "$work/tmp" "$work/artifacts"
work=$(cd "$work" && pwd)
# What workers inherit through the JVMs.
export CHROMABEAM_BOOT CHROMABEAM_WORK=$work

echo "WORK=$work"
echo "WORKER=$here/worker.sh"
echo "ENVIRONMENT={\"command\":\"$here/worker.sh\"}"
case $kind in
local)
	configure "$work/conf"
	job_server '[local]'
	;;
cluster) cluster ;;
spark) spark ;;
esac
echo READY=1
watch
