# The demo on a disk with exFAT, which has no hard links.
$ErrorActionPreference = "Stop"
$image = "$env:TEMP\exfat.vhdx"
Remove-Item -Force $image -ErrorAction SilentlyContinue
@"
create vdisk file="$image" maximum=512 type=expandable
select vdisk file="$image"
attach vdisk
create partition primary
format fs=exfat quick
assign letter=X
"@ | diskpart
if ($LASTEXITCODE -ne 0) { throw "There is no disk with exFAT" }
& .\dist\twarc-cloud.exe demo --folder X:\demo
if ($LASTEXITCODE -ne 0) { throw "The demo failed on exFAT" }
