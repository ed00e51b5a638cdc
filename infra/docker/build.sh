#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the images for workers, or their binary. README.md says what they are for.
set -euo pipefail

usage() {
	cat <<'END'
usage: infra/docker/build.sh cpu|cuda|worker [flags]

  cpu, cuda         build the image without or with CUDA
  worker            build only the images' binary, for -worker_binary

  --tag IMAGE       name of the image (default chromabeam/worker-cpu, -cuda)
  --model FOLDER    bake a model in, below /opt/chromabeam/model: a run folder, or a
                    folder with what chromabeam export -layout chromabeam has written
  --user NAME       who the image runs as, one of its base's users (default nobody);
                    Dataflow needs root
  --base IMAGE      another base image, such as the same one by its digest
  --push            push the image when it is built
  --output FILE     where the worker goes (default ./worker)
  --dry-run         print the commands, and run none
END
}

fail() {
	echo "infra/docker/build.sh: $*" >&2
	exit 2
}

# engine prints what builds images here.
engine() {
	if docker buildx version >/dev/null 2>&1; then
		echo docker
	elif command -v podman >/dev/null; then
		echo podman
	elif command -v buildah >/dev/null; then
		echo buildah
	else
		return 1
	fi
}

target=${1:-}
case $target in
cpu | cuda | worker) shift ;;
-h | --help) usage && exit ;;
'') usage >&2 && exit 2 ;;
*) fail "the target must be cpu, cuda or worker, got $target" ;;
esac

tag=chromabeam/worker-$target model='' user='' base='' push='' output=./worker run=()
given=" "
while [ $# -gt 0 ]; do
	given+="$1 "
	case $1 in
	--push) push=1 ;;
	--dry-run) run=(echo) ;;
	--tag | --model | --user | --base | --output)
		if [ $# -lt 2 ] || [ -z "$2" ]; then fail "$1 needs a value"; fi
		declare "${1#--}=$2"
		shift
		;;
	-h | --help) usage && exit ;;
	*) fail "unknown flag $1" ;;
	esac
	shift
done

# What would be ignored is refused.
without=(--output)
if [ "$target" = worker ]; then without=(--tag --model --user --base --push); fi
for flag in "${without[@]}"; do
	if [[ $given == *" $flag "* ]]; then fail "$target has no $flag"; fi
done
if [ -n "$model" ]; then
	[ -d "$model" ] || fail "--model must be a folder, got $model"
	[ -e "$model/model.json" ] || compgen -G "$model/*.safetensors" >/dev/null ||
		fail "$model holds neither model.json nor a .safetensors file"
	model=$(cd "$model" && pwd)
fi
if [ "$target" = worker ]; then
	folder=$(dirname "$output")
	[ -d "$folder" ] || fail "there is no folder $folder for --output"
	output=$(cd "$folder" && pwd)/$(basename "$output")
fi

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if ! builder=$(engine); then
	[ ${#run[@]} -gt 0 ] || fail "no docker with buildx, podman or buildah on this machine: one of them must build the image"
	builder=docker
fi
build=("$builder" build)
if [ "$builder" = docker ]; then build=(docker buildx build); fi
build+=(--file infra/docker/Dockerfile --platform linux/amd64 --target "$target"
	--build-arg "VERSION=$(git describe --tags --always --dirty 2>/dev/null || echo devel)")
if [ -n "$model" ]; then build+=(--build-context "model=$model"); fi
if [ -n "$user" ]; then build+=(--build-arg "WORKER_USER=$user"); fi
if [ -n "$base" ]; then build+=(--build-arg "${target^^}_BASE=$base"); fi

if [ "$target" = worker ]; then
	folder=$(mktemp -d)
	trap 'rm -rf "$folder"' EXIT
	"${run[@]}" "${build[@]}" --output "type=local,dest=$folder" .
	"${run[@]}" mv "$folder/chromabeam" "$output"
	exit
fi
if [ "$builder" = docker ]; then build+=(--load); fi
"${run[@]}" "${build[@]}" --tag "$tag" .
if [ -n "$push" ]; then "${run[@]}" "$builder" push "$tag"; fi
