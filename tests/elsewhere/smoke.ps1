# What Windows PowerShell 5.1 makes of lists and names. Takes the binary's path.
param([Parameter(Mandatory = $true)][string]$Binary)
$ErrorActionPreference = "Stop"

$exe = (Resolve-Path $Binary).Path
$work = Join-Path $env:TEMP "twarc-cloud-smoke"
Remove-Item -Recurse -Force $work -ErrorAction SilentlyContinue
New-Item -ItemType Directory $work | Out-Null
Set-Location $work

function Run {
  & $exe @args
  if ($LASTEXITCODE -ne 0) { throw "twarc-cloud $args ended with exit code $LASTEXITCODE" }
}

Run demo --folder .\demo
# `>` writes UTF-16 with a byte order mark.
"12", "3382" > list.txt
$bytes = [IO.File]::ReadAllBytes("$work\list.txt")
if ($bytes[0] -ne 0xFF -or $bytes[1] -ne 0xFE) { throw "list.txt is not in UTF-16" }
Run collection-config template user_timeline --id=smoke
Run collection-config userid-files list.txt
if (-not (Select-String -Quiet '"3382"' collection.json)) { throw "The list was not read" }
Run collection dehydrate demo_timelines --bucket .\demo\twarc-cloud-data > ids.txt
if ((Get-Content ids.txt).Count -lt 10) { throw "Ids are missing" }
Run collection verify demo_timelines --bucket .\demo\twarc-cloud-data
