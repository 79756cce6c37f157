#!/bin/sh
# Stands for an analysis: takes as many seconds as the first line of the recording says, then counts the rest.
set -eu
seconds=$(sed -n '1s/^seconds: //p' "$INPUT_FILE_PATH")
sleep "$seconds"
samples=$(sed 1d "$INPUT_FILE_PATH" | wc -w)
echo "$samples samples" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH" .rec).txt"
