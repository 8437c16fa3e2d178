# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Folders in object stores that speak S3: guarded address, no redirects, keys of the connection and no others.

The libraries for S3 look for keys in this server's environment, follow the store to other addresses and bring a client
of their own; so the few requests that a folder needs go through the hub's one HTTP client, behind fsspec's interface.
"""

import io

from fsspec import AbstractFileSystem

from ...connectors.base import HttpRequest
from ...engine.address_guard import check_url
from ...engine.errors import TransientError
from ...engine.file_names import check_folder, forbidden
from ...engine.instants import utc_now
from ...engine.object_store import Bucket, endpoint_of, is_copied, read_listing, refusal
from ...engine.signatures.aws_v4 import signed_headers
from . import http_client
from .file_store import MAX_LISTED, Store

TIMEOUT_SECONDS = 30
RANGE_BYTES = 8_000_000


class ObjectFileSystem(AbstractFileSystem):
    """The part of fsspec's interface that a folder needs; paths are keys of one bucket."""

    cachable = False
    protocol = "s3"

    def __init__(self, bucket, key_id, secret, allowed_hosts=(), **options):
        super().__init__(**options)
        self._bucket = bucket
        self._key_id = key_id
        self._secret = secret
        self._allowed_hosts = allowed_hosts

    def ls(self, path, detail=True, **_options):
        """Return what lies directly in a folder, at most MAX_LISTED objects."""
        prefix = f"{path.strip('/')}/" if path.strip("/") else ""
        found, token = [], ""
        while len(found) < MAX_LISTED:
            answer = self._send("GET", self._bucket.listing_url(prefix, token), path or self._bucket.name)
            page, token = read_listing(answer.body)
            found += [row for row in page if row.key != prefix]  # some tools write an object for the folder
            if not token:
                break
        rows = [{"name": row.key, "type": "file", "size": row.size_bytes, "mtime": row.etag} for row in found]
        return rows if detail else [row["name"] for row in rows]

    def info(self, path, **_options):
        """Return size and mark of an object.

        :raises FileNotFoundError: there is none.
        """
        answer = self._ask("HEAD", self._bucket.url(path))
        if answer.status == 404:
            raise FileNotFoundError(path)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, path)
        size = answer.headers.get("content-length", "")
        return {
            "name": path,
            "type": "file",
            "size": int(size) if size.isdecimal() else 0,
            "mtime": answer.headers.get("etag", ""),
        }

    def exists(self, path, **_options):
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def open(self, path, mode="rb", **_options):
        """Open an object for reading, in ranges, or for writing as a whole when it is closed."""
        if mode == "rb":
            facts = self.info(path)
            return io.BufferedReader(_Reading(self, path, facts["size"], facts["mtime"]), RANGE_BYTES)
        return _Writing(self, path)

    def cat_range(self, path, start, end, etag=""):
        """Return the bytes from ``start`` to before ``end`` of the object as it was when it was opened."""
        headers = {"Range": f"bytes={start}-{end - 1}"} | ({"If-Match": etag} if etag else {})
        return self._send("GET", self._bucket.url(path), path, headers).body

    def put(self, path, content):
        """Write an object; a reader sees all of it or nothing."""
        self._send("PUT", self._bucket.url(path), path, body=content)

    def mv(self, source, target, **_options):
        """Copy an object and remove the first one; killed in between, both are there and it is done once more."""
        headers = {"x-amz-copy-source": self._bucket.copy_source(source)}
        answer = self._send("PUT", self._bucket.url(target), target, headers)
        if not is_copied(answer.body):
            raise refusal(503, answer.body, target)
        self._send("DELETE", self._bucket.url(source), source)

    def makedirs(self, path, exist_ok=False):
        """Do nothing: there are no folders, only names with slashes."""

    # -- requests ------------------------------------------------------------------------------------------

    def _send(self, method, url, name, headers=None, body=b""):
        answer = self._ask(method, url, headers, body)
        if answer.status not in (200, 204, 206):
            raise refusal(answer.status, answer.body, name)
        if answer.cut_off:
            raise forbidden(name, "the answer is longer than it may be")
        return answer

    def _ask(self, method, url, headers=None, body=b""):
        proof = signed_headers(
            method,
            url,
            headers or {},
            body,
            key_id=self._key_id,
            secret=self._secret,
            region=self._bucket.region,
            now=utc_now(),
        )
        try:
            return http_client.send(
                HttpRequest(method, url, proof, body, TIMEOUT_SECONDS), allowed_hosts=self._allowed_hosts
            )
        except TransientError as error:
            raise TransientError(
                "source_unavailable", error.detail, params={"status": self._bucket.endpoint}
            ) from error


class _Reading(io.RawIOBase):
    """An object, read in ranges; one that is replaced meanwhile is not mixed."""

    def __init__(self, filesystem, path, size, etag):
        super().__init__()
        self._filesystem, self._path, self._size, self._etag = filesystem, path, size, etag
        self._place = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        end = min(self._place + min(len(buffer), RANGE_BYTES), self._size)
        if end <= self._place:
            return 0
        content = self._filesystem.cat_range(self._path, self._place, end, self._etag)
        if len(content) != end - self._place:
            raise TransientError("source_unavailable", "a range", params={"status": "an incomplete answer"})
        buffer[: len(content)] = content
        self._place = end
        return len(content)


class _Writing(io.BytesIO):
    """What is written becomes an object when it is closed without an error."""

    def __init__(self, filesystem, path):
        super().__init__()
        self._filesystem, self._path = filesystem, path

    def __exit__(self, kind, error, trace):
        if kind is None:
            self._filesystem.put(self._path, self.getvalue())
        return super().__exit__(kind, error, trace)


class ObjectStore(Store):
    """A folder (prefix) of a bucket.

    :param facts: endpoint_url, bucket, region, username (id of the access key), secret, folder, allowed_hosts.
    :raises AuthorizationError: ``address_forbidden``, ``credential_refused``, ``file_forbidden``.
    :raises TransientError: ``source_unavailable``.
    """

    def __init__(self, facts):
        endpoint = endpoint_of(facts["endpoint_url"], facts["region"])
        check_url(f"{endpoint}/", facts["allowed_hosts"])
        filesystem = ObjectFileSystem(
            Bucket(endpoint, facts["bucket"], facts["region"]),
            facts["username"] or "",
            facts["secret"],
            facts["allowed_hosts"],
        )
        super().__init__(filesystem, check_folder(facts["folder"] or ""))

    def write(self, folder, name, content):  # pylint: disable=method-required-super
        """Write a file; a store shows it when all of it is there."""
        with self._errors(name):
            self._filesystem.put(self._path(folder, name), content)
