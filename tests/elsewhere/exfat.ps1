# The demo on a disk with exFAT, which has no hard links.
$ErrorActionPreference = "Stop"
$image = "$env:TEMP\exfat.vhdx"
$script = "$env:TEMP\exfat.txt"
Remove-Item -Force $image -ErrorAction SilentlyContinue
@"
create vdisk file="$image" maximum=512 type=expandable
select vdisk file="$image"
attach vdisk
create partition primary
format fs=exfat quick
assign letter=X
"@ | Set-Content -Encoding ASCII $script
# From a file it ends at the first failure, with an exit code.
diskpart /s $script
if ($LASTEXITCODE -ne 0) { throw "There is no disk with exFAT" }
& .\dist\twarc-cloud.exe demo --folder X:\demo
if ($LASTEXITCODE -ne 0) { throw "The demo failed on exFAT" }
