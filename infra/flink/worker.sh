#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Starts one Go worker for a runner with -environment_type PROCESS, which calls this
# with the arguments of Beam's boot program:
#
#	-environment_config '{"command":"/path/to/infra/flink/worker.sh"}'
#
# boot alone will not do. Runners put quotes around arguments, as for a shell; the
# worker of a job that has ended sleeps for an hour; and copies of its binary, some
# 90 MB each, stay in the temporary folder.
#
# CHROMABEAM_BOOT is the boot program (default: boot on the PATH), CHROMABEAM_WORK the
# folder for the worker's files and for boot.log (default: the temporary folder).
set -uo pipefail

boot=${CHROMABEAM_BOOT:-boot}
work=${CHROMABEAM_WORK:-${TMPDIR:-/tmp}}

if ! command -v "$boot" >/dev/null; then
	echo "worker.sh: no boot program $boot: CHROMABEAM_BOOT must name one" >&2
	exit 1
fi
boot=$(realpath "$(command -v "$boot")")
args=()
for arg in "$@"; do args+=("${arg//\'/}"); done

dir=$(mktemp -d "$(realpath "$work")/worker.XXXXXX") || exit 1
cd "$dir" || exit 1 # boot leaves a file in its working directory
TMPDIR=$dir setsid "$boot" --semi_persist_dir="$dir" "${args[@]}" >>"${dir%/*}/boot.log" 2>&1 &
child=$!
copy= # the folder below /tmp into which boot copies the binary, wherever TMPDIR is

# find_copy sets copy once boot has started the worker.
find_copy() {
	local list children pid exe
	for list in "/proc/$child/task/"*/children; do
		read -ra children 2>/dev/null <"$list" || true # the line has no end
		for pid in "${children[@]}"; do
			exe=$(readlink "/proc/$pid/exe") || continue
			if [[ $exe == /tmp/bin*/worker ]]; then copy=${exe%/worker}; fi
		done
	done 2>/dev/null
}

# wanted reports whether this script still runs, for the one who called it: a task
# manager that is killed says nothing to its children.
wanted() {
	local state parent
	read -r _ _ state parent _ 2>/dev/null <"/proc/$$/stat" && [ "$state" != Z ] && [ "$parent" = "$PPID" ]
}

# guard waits for the end of boot or of this script, kills the worker with boot, whose
# process group they share, and removes what they leave. It is a process of its own,
# since a runner kills the script itself when half a second is not enough for it.
guard() {
	local pause=0.02
	trap '' INT TERM HUP
	exec 9<> <(:) # nothing comes through this pipe: reading it waits without a process
	while kill -0 "$child" 2>/dev/null && wanted; do
		if [ -z "$copy" ]; then
			find_copy
			[ -z "$copy" ] || pause=0.2
		fi
		read -rt "$pause" -u 9 || true
	done
	kill -KILL -- "-$child" 2>/dev/null
	rm -rf -- "$dir"
	if [ -n "$copy" ]; then rm -rf -- "$copy"; fi
}

trap 'exit 143' TERM INT HUP
guard </dev/null >/dev/null 2>&1 &
wait "$child"
