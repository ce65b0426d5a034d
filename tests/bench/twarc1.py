"""
What the Python original was built on: twarc 1.6.3 reads a stream, parses each tweet, and writes it as a line of a
gzip file, which is then summed up. `python twarc1.py ADDRESS TWEETS FILE`.
"""

import gzip
import hashlib
import json
import os
import sys
from urllib.parse import urlsplit

from twarc import Twarc

address, tweets, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]


class Local(Twarc):
    """Asks a server of this machine in place of Twitter's."""

    def post(self, url, *args, **kwargs):
        return super().post(address + urlsplit(url).path.lstrip("/"), *args, **kwargs)


# Tweets of old have no "protected", which it would stop at.
twarc = Local("e", "e", "e", "e", validate_keys=False, protected=True)
with gzip.open(path, "wt", compresslevel=6, encoding="utf-8") as file:
    for count, tweet in enumerate(twarc.filter(track="x"), 1):
        file.write(json.dumps(tweet) + "\n")
        if count == tweets:
            break
with open(path, "rb") as file:
    hashlib.sha1(file.read()).hexdigest()
os._exit(0)
