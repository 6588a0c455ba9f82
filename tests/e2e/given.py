"""What a server was given of the shared folder and of the bucket, tried from inside the user's pod."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.e2e.hub import Hub

# As a program of theirs would: the mount, a file of somebody else's, a file of their own.
_FOLDER = """
import json, os, sys
place, theirs = sys.argv[1:]
found = {"mounted": os.path.ismount(place), "refused": "", "read": ""}
if found["mounted"]:
    try:
        with open(f"{place}/from-{theirs}", "w") as file:
            file.write(f"words of {theirs}")
    except OSError as refusal:
        found["refused"] = refusal.strerror
    found["read"] = {name: open(f"{place}/{name}").read() for name in os.listdir(place) if "from-" in name}
print(json.dumps(found))
"""
# No line of configuration: what boto3 reads of itself is all in the environment.
_BUCKET = """
import hashlib, json, os, sys, boto3, botocore.exceptions
client, bucket, sent = boto3.client("s3"), os.environ["BUCKET_NAME"], os.urandom(6_000_000)
client.put_object(Bucket=bucket, Key="a folder/file", Body=sent)
got = client.get_object(Bucket=bucket, Key="a folder/file")["Body"].read()
keys = [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]]
client.delete_object(Bucket=bucket, Key="a folder/file")
try:
    client.create_bucket(Bucket="of-nobodys-asking")
    another = "made"
except botocore.exceptions.ClientError as refused:
    another = refused.response["Error"]["Code"]
same = hashlib.sha256(got).hexdigest() == hashlib.sha256(sent).hexdigest()
address = client.meta.endpoint_url
print(json.dumps({"address": address, "same": same, "keys": keys, "another": another}))
"""


@dataclass(frozen=True)
class Given:
    """A server that runs, and what is tried in it."""

    hub: Hub
    pod: str

    def folder(self, place: str, who: str) -> dict[str, Any]:
        """Tell whether the folder is mounted, whether it takes a file, and what others wrote."""
        return self._python(_FOLDER, place, who)

    def bucket(self) -> dict[str, Any]:
        """Put an object into the bucket, get it again, and ask for what was not granted."""
        return self._python(_BUCKET)

    def _python(self, script: str, *words: str) -> dict[str, Any]:
        inside = ("exec", self.pod, "-c", "notebook", "--", "python3", "-c", script)
        found: dict[str, Any] = json.loads(self.hub.kubectl(*inside, *words).splitlines()[-1])
        return found
