#!/bin/sh
# The demo on a disk with exFAT, which has no hard links.
set -eu
image=$(mktemp -d)/exfat.dmg
hdiutil create -size 512m -fs ExFAT -volname TWARC "$image"
hdiutil attach "$image"
trap 'hdiutil detach /Volumes/TWARC' EXIT
./dist/twarc-cloud demo --folder /Volumes/TWARC/demo
