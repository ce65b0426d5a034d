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
Run collection-config template user_timeline --id smoke
Run collection-config userid-files list.txt
if (-not (Select-String -Quiet '"3382"' collection.json)) { throw "The list was not read" }
Run collection dehydrate demo_timelines --bucket .\demo\twarc-cloud-data > ids.txt
if ((Get-Content ids.txt).Count -lt 10) { throw "Ids are missing" }
Run collection verify demo_timelines --bucket .\demo\twarc-cloud-data

# ids.txt is in UTF-16 as well: it is collected as it is.
$bytes = [IO.File]::ReadAllBytes("$work\ids.txt")
if ($bytes[0] -ne 0xFF -or $bytes[1] -ne 0xFE) { throw "ids.txt is not in UTF-16" }
$ids = (Get-Content ids.txt).Count
$sandbox = Start-Process $exe -ArgumentList "sandbox", "--port", "0" -RedirectStandardOutput sandbox.txt -NoNewWindow -PassThru
try {
  for ($i = 0; $i -lt 60 -and -not (Select-String -Quiet "serves the API at" sandbox.txt); $i++) { Start-Sleep -Milliseconds 500 }
  $env:TWITTER_API_URL = (Select-String "serves the API at (\S+)" sandbox.txt).Matches[0].Groups[1].Value
  $env:USERPROFILE = $work
  "[main]", "bearer_token = sandbox-bearer-token" | Set-Content -Encoding ASCII .twarc
  Run collection hydrate ids.txt --yes --wait > hydrated.txt
  if (-not (Select-String -Quiet "ids: complete" hydrated.txt)) { throw "The ids were not collected" }
  # The whole path: as text, a file is its name alone here.
  $config = (Get-ChildItem -Recurse twarc-cloud-data -Filter collection.json | Select-Object -First 1).FullName
  $asked = Select-String '"ids": *(\d+)' $config
  if ($asked.Matches[0].Groups[1].Value -ne $ids) { throw "Not all of $ids ids were read" }
} finally {
  Stop-Process -Id $sandbox.Id
}
