#!/bin/sh
# The request body is the input file; what is printed is the answer.
set -eu
read -r lines words bytes <<COUNTS
$(wc <"$INPUT_FILE_PATH")
COUNTS
printf '{"lines": %d, "words": %d, "bytes": %d}\n' "$lines" "$words" "$bytes"
