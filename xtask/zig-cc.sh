#!/bin/sh
# zig as a C compiler for macOS. What others are told of the system, zig has words of its own for.
for word; do
    shift
    case $word in
        --target=* | -mmacosx-version-min=*) ;;
        *) set -- "$@" "$word" ;;
    esac
done
exec "$ZIG_PYTHON" -m ziglang cc -target aarch64-macos "$@"
