#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures and trains on this machine's GPU, in parts that can be run one by one:
#
#	infra/gpu/run.sh [-dry-run] PART...
#
# README.md says what each part does, which variables it reads and how long it
# takes. A part ends after LIMIT seconds with exit code 75 where something of it is
# left; the same command goes on from there.
set -euo pipefail

BIN=${BIN:-chromabeam}
OUT=${OUT:-gpu}
BACKEND=${BACKEND:-xla:cuda}
PRECISION=${PRECISION:-auto}
PYTHON=${PYTHON:-python3}
LIMIT=${LIMIT:-540}
SMALL=${SMALL:-}
SECONDS_EACH=${SECONDS_EACH:-3}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dry=
left_over=
failed=
part=
started=0
running= # the process id of a command
interrupted=

# The exit code of a part that has more to do, sysexits.h's EX_TEMPFAIL.
readonly again=75
# What is not begun with fewer seconds left than this.
readonly least=30
# How many seconds a command has to end after it was interrupted.
readonly grace=45

say() { echo "run.sh: $*" >&2; }

# need NAME... wants environment variables.
need() {
	local name missing=
	for name in "$@"; do
		if [ -z "${!name:-}" ]; then missing="$missing $name"; fi
	done
	if [ -n "$missing" ]; then
		say "$part needs the variables$missing; see README.md"
		exit 2
	fi
}

# show COMMAND... prints a command that can be pasted.
show() {
	local word line=
	for word in "$@"; do
		if [[ $word =~ ^[A-Za-z0-9_./:=,+@%-]+$ ]]; then line="$line $word"; else line="$line '$word'"; fi
	done
	echo "${line# }"
}

# left prints the seconds that the part still has.
left() { echo $((LIMIT - SECONDS + started)); }

# timed NAME COMMAND... runs a command until the part's time is over, interrupts it
# then, and notes how long it took. It has a process group of its own: a Ctrl-C would
# else reach it twice, from the terminal and through timeout, and the second one ends
# a training before it has saved.
timed() {
	local name=$1 from=$SECONDS code=0
	shift
	set -m
	timeout --foreground -s INT -k "$grace" "$(left)" "$@" </dev/null &
	running=$!
	set +m
	wait "$running" || code=$?
	if [ -n "$interrupted" ]; then code=130; fi
	running=
	printf '%s\t%d\t%d\n' "$name" $((SECONDS - from)) "$code" >>"$OUT/times.tsv"
	if [ -n "$interrupted" ]; then exit 130; fi
	return "$code"
}

# interrupt ends what runs as a Ctrl-C does, and the script with it.
interrupt() {
	interrupted=1
	if [ -z "$running" ]; then exit 130; fi
	kill -INT "$running" || true
	wait "$running" || true
}

# ended NAME CODE LEFT says how a command ended that had so many seconds: 0 where it
# is done, 1 where it is not.
ended() {
	local name=$1 code=$2 had=$3
	case $code in
	0) return 0 ;;
	124 | 137)
		# What a whole limit is not enough for would end like this forever.
		if [ "$had" -lt $((LIMIT - 5)) ] || [[ $name = train-* ]]; then
			left_over=1
			return 1
		fi
		;;
	esac
	failed=1
	mkdir -p "$OUT/failed"
	echo "$code" >"$OUT/failed/$name"
	say "$name failed, exit code $code; the end of $OUT/log/$name.err:"
	tail -n 3 "$OUT/log/$name.err" >&2
	return 1
}

# given_up NAME tells whether a command failed before. It is not run again, so that
# those after it have their turn whatever it takes.
given_up() {
	if [ ! -e "$OUT/failed/$1" ]; then return 1; fi
	failed=1
	say "$1 failed before; remove $OUT/failed/$1 to try it again"
}

# figure NAME COMMAND... keeps a command's last line, which is JSON, in
# json/NAME.json. One that is there is not made again, nor is one that failed.
figure() {
	local name=$1 file=$OUT/json/$1.json code=0 had
	shift
	if [ -n "$dry" ]; then
		show "$@"
		return
	fi
	if [ -s "$file" ] || given_up "$name"; then return; fi
	if [ "$(left)" -lt "$least" ]; then
		left_over=1
		return
	fi
	mkdir -p "$OUT/json" "$OUT/log"
	say "$name"
	had=$(left)
	timed "$name" "$@" >"$OUT/log/$name.out" 2>"$OUT/log/$name.err" || code=$?
	if ended "$name" "$code" "$had"; then
		tail -n 1 "$OUT/log/$name.out" >"$file.tmp"
		mv "$file.tmp" "$file"
	fi
}

# training NAME ARGUMENT... follows a recipe into runs/NAME, from where it stands.
training() {
	local name=$1 code=0 had
	shift
	set -- "$BIN" train "$@" -output "$OUT/runs/$name" -backend "$BACKEND" -resume
	if [ -n "$SMALL" ]; then set -- "$@" -smoke; fi
	if [ -n "$dry" ]; then
		show "$@"
		return
	fi
	if [ -e "$OUT/done/$name" ] && [ -d "$OUT/runs/$name" ] || given_up "train-$name"; then return; fi
	if [ "$(left)" -lt "$least" ]; then
		left_over=1
		return
	fi
	mkdir -p "$OUT/runs" "$OUT/log" "$OUT/done"
	say "train-$name"
	had=$(left)
	timed "train-$name" "$@" >>"$OUT/log/train-$name.out" 2>>"$OUT/log/train-$name.err" || code=$?
	if ended "train-$name" "$code" "$had"; then : >"$OUT/done/$name"; fi
}

# Sizes with their batches: those of the report, or small ones for two cores.
sizes() { if [ -n "$SMALL" ]; then echo "64:8 256:4"; else echo "256:8 64:64"; fi; }

precisions() { if [ "$BACKEND" = xla:cuda ]; then echo "tf32 bfloat16 float32"; else echo float32; fi; }

# SMALL leaves out what takes minutes on two cores.
repeats() { if [ -n "$SMALL" ]; then echo "-steps 5"; else echo "-seconds $SECONDS_EACH"; fi; }

batches() { if [ -n "$SMALL" ]; then echo "1,8"; else echo "1,32,256"; fi; }

part_check() {
	if [ -n "$dry" ]; then
		show "$BIN" version
		show "$BIN" doctor
		if [ "$BACKEND" = xla:cuda ]; then show nvidia-smi; fi
		return
	fi
	mkdir -p "$OUT"
	{
		"$BIN" version
		"$BIN" doctor
		if [ "$BACKEND" = xla:cuda ]; then nvidia-smi; fi
		"$PYTHON" --version || say "no Python: peers and summary will not run"
	} 2>&1 | tee "$OUT/check.txt"
}

# ours_train FORM times steps of all kinds in all precisions.
ours_train() {
	local form=$1 precision pair mode size batch
	for precision in $(precisions); do
		for pair in $(sizes); do
			size=${pair%:*} batch=${pair#*:}
			# In these forms a penalty's step takes minutes on two cores.
			if [ -n "$SMALL" ] && [ "$form" != auto ] && [ "$size" = 256 ]; then continue; fi
			for mode in wgan-gp vanilla l1; do
				# shellcheck disable=SC2046 # two words
				figure "ours-train-$mode-$size-b$batch-$precision-$form" "$BIN" bench train -json -mode "$mode" \
					-size "$size" -batch "$batch" -backend "$BACKEND" -precision "$precision" -convolutions "$form" $(repeats)
			done
		done
	done
}

part_bench() {
	local precision form size=256
	ours_train auto
	for precision in $(precisions); do
		# shellcheck disable=SC2046 # two words
		figure "ours-infer-$size-$precision" "$BIN" bench infer -json -size "$size" -batch "$(batches)" \
			-backend "$BACKEND" -precision "$precision" $(repeats)
		for form in auto native; do
			# shellcheck disable=SC2046 # two words
			figure "ours-infer-resident-$size-$precision-$form" "$BIN" bench infer -json -resident -size "$size" \
				-batch "$(batches)" -backend "$BACKEND" -precision "$precision" -convolutions "$form" $(repeats)
		done
	done
	figure ours-codec "$BIN" bench codec -json
	figure ours-shards "$BIN" bench shards -json
}

# The same steps with one form forced on all convolutions: what auto is to be judged
# by.
part_forms() {
	local form
	for form in native convolve matmul; do
		ours_train "$form"
	done
}

# torch_variants PRECISION lists options, joined by commas, worth trying.
torch_variants() {
	case $SMALL:$1 in
	:fp32) echo "eager cuda-graph compile" ;;
	:tf32) echo "eager channels-last cuda-graph cuda-graph,channels-last compile compile,cuda-graph,channels-last" ;;
	:bf16)
		echo "eager channels-last cuda-graph cuda-graph,channels-last" \
			"compile compile,channels-last compile,cuda-graph compile,cuda-graph,channels-last"
		;;
	*) echo "eager channels-last" ;;
	esac
}

# infer_variants are those of torch_infer.py, whose way to CUDA graphs is a mode of
# the compiler.
infer_variants() {
	if [ -n "$SMALL" ]; then echo "eager channels-last"; return; fi
	echo "eager channels-last compile compile,channels-last" \
		"compile,compile-mode=reduce-overhead compile,compile-mode=reduce-overhead,channels-last"
}

# options VARIANT turns its names into flags.
options() { if [ "$1" != eager ]; then echo "--${1//,/ --}"; fi; }

peer_precisions() { if [ "$BACKEND" = xla:cuda ]; then echo "bf16 tf32 fp32"; else echo fp32; fi; }

peer_device() { if [ "$BACKEND" = xla:cuda ]; then echo cuda; else echo cpu; fi; }

peer_steps() { if [ -n "$SMALL" ]; then echo "--steps 5 --warmup 2"; else echo "--steps 60 --warmup 5"; fi; }

torch_train() {
	local precision pair mode size batch variant
	for precision in $(peer_precisions); do
		for pair in $(sizes); do
			size=${pair%:*} batch=${pair#*:}
			for mode in wgan-gp vanilla l1; do
				for variant in $(torch_variants "$precision"); do
					# shellcheck disable=SC2046 # several words
					figure "torch-train-$mode-$size-b$batch-$precision-$variant" "$PYTHON" "$PEERS/torch_train.py" \
						--device "$(peer_device)" --mode "$mode" --image-size "$size" --batch "$batch" \
						--precision "$precision" $(peer_steps) $(options "$variant")
				done
			done
		done
	done
}

jax_train() {
	local precision pair mode size batch convt
	for precision in $(peer_precisions); do
		for pair in $(sizes); do
			size=${pair%:*} batch=${pair#*:}
			# Its convolutions take minutes a step there on two cores.
			if [ -n "$SMALL" ] && [ "$size" = 256 ]; then continue; fi
			for mode in wgan-gp vanilla l1; do
				for convt in dilated subpixel; do
					# shellcheck disable=SC2046 # several words
					figure "jax-train-$mode-$size-b$batch-$precision-$convt" "$PYTHON" "$PEERS/jax_train.py" \
						--device "$(peer_device)" --mode "$mode" --image-size "$size" --batch "$batch" \
						--precision "$precision" --convt "$convt" $(peer_steps)
				done
			done
		done
	done
}

peers_infer() {
	local precision batch variant convt list
	list=$(batches)
	for precision in $(peer_precisions); do
		for batch in ${list//,/ }; do
			for variant in $(infer_variants); do
				# shellcheck disable=SC2046 # several words
				figure "torch-infer-256-b$batch-$precision-$variant" "$PYTHON" "$PEERS/torch_infer.py" --synthetic \
					--device "$(peer_device)" --image-size 256 --batch "$batch" --precision "$precision" $(peer_steps) \
					$(options "$variant")
			done
			for convt in dilated subpixel; do
				# shellcheck disable=SC2046 # several words
				figure "jax-infer-256-b$batch-$precision-$convt" "$PYTHON" "$PEERS/jax_train.py" --mode infer \
					--device "$(peer_device)" --image-size 256 --batch "$batch" --precision "$precision" \
					--convt "$convt" $(peer_steps)
			done
		done
	done
}

part_peers() {
	torch_train
	peers_infer
	jax_train
}

# The same run in each precision; all networks are measured in float32.
part_precision() {
	local precision
	for precision in $(precisions); do
		training "precision-$precision" -recipe 6.7 -only l1_weight=25 -data "$DATA_POKEMON" -precision "$precision"
		if [ -n "$dry" ] || [ -e "$OUT/done/precision-$precision" ]; then
			figure "evaluate-$precision" "$BIN" evaluate -json -model "$OUT/runs/precision-$precision/l1_weight=25" \
				-data "$DATA_POKEMON" -split val -checkpoint last -backend "$BACKEND" -precision float32
		fi
	done
}

# report N is the report's experiment 6.N: in all 21 runs.
report() {
	training "6.$1" -recipe "6.$1" -data "$DATA_POKEMON" -precision "$PRECISION"
}

part_faces() {
	training anime-final -recipe anime-final -data "$DATA_FACES" -precision "$PRECISION"
}

part_pages() {
	local name runs=()
	for name in 6.1 6.2 6.3 6.4 6.5 6.6 6.7 6.8 6.9 anime-final; do
		if [ -n "$dry" ] || [ -d "$OUT/runs/$name" ]; then runs+=("$OUT/runs/$name"); fi
	done
	if [ ${#runs[@]} = 0 ]; then
		say "pages needs runs: report-1 to report-9 and faces make them"
		exit 2
	fi
	set -- "$BIN" report -output "$OUT/pages" "${runs[@]}"
	if [ -n "$dry" ]; then show "$@"; else "$@"; fi
}

part_summary() {
	set -- "$PYTHON" "$here/summary.py" "$OUT"
	if [ -n "$dry" ]; then
		show "$PYTHON" infra/gpu/summary.py "$OUT"
	else
		mkdir -p "$OUT"
		"$@" | tee "$OUT/summary.md"
	fi
}

parts() { echo "check bench forms peers precision report-1 report-2 report-3 report-4 report-5 report-6 report-7 report-8 report-9 faces pages summary"; }

# check_needs wants the variables of a part.
check_needs() {
	case $part in
	peers) need PEERS ;;
	precision | report-[1-9]) need DATA_POKEMON ;;
	faces) need DATA_FACES ;;
	esac
}

# run_part NAME runs a part with a limit of its own.
run_part() {
	part=$1 started=$SECONDS
	case $part in
	check | bench | forms | peers | precision | faces | pages | summary) "part_$part" ;;
	report-[1-9]) report "${part#report-}" ;;
	esac
}

main() {
	local wanted=() name
	while [ $# -gt 0 ]; do
		case $1 in
		-dry-run) dry=1 ;;
		all) for name in $(parts); do wanted+=("$name"); done ;;
		*)
			if [[ " $(parts) " != *" $1 "* ]]; then
				say "no part is called $1; there are all, $(parts)"
				exit 2
			fi
			wanted+=("$1")
			;;
		esac
		shift
	done
	if [ ${#wanted[@]} = 0 ]; then
		say "usage: infra/gpu/run.sh [-dry-run] PART...; parts: all, $(parts)"
		exit 2
	fi
	for name in "${wanted[@]}"; do # before the first of them takes its time
		part=$name
		check_needs
	done
	for name in "${wanted[@]}"; do
		if [ -n "$dry" ]; then echo "# $name"; fi
		run_part "$name"
	done
	if [ -n "$left_over" ]; then
		say "the limit of $LIMIT s ended a part; the same command goes on"
		exit "$again"
	fi
	if [ -n "$failed" ]; then exit 1; fi
}

trap interrupt INT TERM
main "$@"
