#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Joins the LCOV tracefiles of a folder, or those that a list names, into one.
set -eu
dir='' out='' list=''
for arg; do
  case $arg in
    --coverage_dir=*) dir=${arg#*=} ;;
    --output_file=*) out=${arg#*=} ;;
    --reports_file=*) list=${arg#*=} ;;
  esac
done
: >"$out"
if [ -n "$list" ]; then
  while read -r file; do
    if [ -f "$file" ]; then cat "$file" >>"$out"; fi
  done <"$list"
else
  find "$dir" -name '*.dat' ! -path "$out" -exec cat {} + >>"$out"
fi
