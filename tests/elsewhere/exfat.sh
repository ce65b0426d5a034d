#!/bin/sh
# The demo on a disk with exFAT, which has no hard links.
set -eu
image=$(mktemp -d)/exfat.dmg
hdiutil create -size 512m -fs ExFAT -volname TWARC "$image"
hdiutil attach -nobrowse "$image"
# Spotlight may still look at the disk.
trap 'hdiutil detach /Volumes/TWARC || hdiutil detach -force /Volumes/TWARC || true' EXIT
./dist/twarc-cloud demo --folder /Volumes/TWARC/demo
