#!/usr/bin/env python3
"""make bench-s3: S3 as ratios to something bare of the same run, listings of large buckets, and large uploads.

usage: s3.py build/release         BENCH_KEYS: of the large bucket, 100,000 (1,000,000 is the full figure)
                                   BENCH_OBJECT_MIB: of the large object, 1024
                                   BENCH_UPLOAD_GIB: of each of the ten uploads, 1 (5 is the full figure)
"""

import base64
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
import zlib

import boto3
import run
from botocore.config import Config
from server import Server

KEYS = int(os.environ.get("BENCH_KEYS", "100000"))
FEW = min(10_000, KEYS)
OBJECT = int(os.environ.get("BENCH_OBJECT_MIB", "1024")) << 20
PART = 64 << 20
PARTS = max(1, round(float(os.environ.get("BENCH_UPLOAD_GIB", "1")) * (1 << 30) / PART))
UPLOADS = 10
MEMORY_MIB = 100
COMPLETE_MS = 100
NGINX = """
daemon off; user root; pid {folder}/nginx.pid; error_log stderr crit; worker_processes auto;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
    client_body_temp_path {folder}/nginx; proxy_temp_path {folder}/nginx; fastcgi_temp_path {folder}/nginx;
    uwsgi_temp_path {folder}/nginx; scgi_temp_path {folder}/nginx;
    server {{ listen 127.0.0.1:{port}; location = /large {{ alias {path}; }} }}
}}
"""


def request(method, path, body=b""):
    """Sent as the SDKs send it over HTTP: the SHA-256 of the content, and with content its CRC32."""
    headers = run.HEADERS | {"Authorization": run.HEADERS["Authorization"].replace("/dynamodb/", "/s3/"),
                             "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}
    if method == "PUT":
        headers |= {"X-Amz-Sdk-Checksum-Algorithm": "CRC32",
                    "X-Amz-Checksum-Crc32": base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()}
    return (f"wrk.method, wrk.path, wrk.body = '{method}', '{path}', '{body.decode()}'\n"
            f"for k, v in pairs({run.lua_table(headers)}) do wrk.headers[k] = v end\n")


def numbered_puts(bucket, body=b""):
    return request("PUT", "/", body) + (
        "local n = math.random(1, 1000000) * 100000\n"
        f"function request()\n  n = n + 1\n  return wrk.format(nil, '/{bucket}/k' .. n)\nend\n")


def counted_puts(bucket, count):
    """Keys 1 to count, then the last one over again until all that came before it are answered; then wrk exits.
    It asks for one request beforehand and does not send it: key 0."""
    return request("PUT", "/") + (
        "local n, answered = -1, 0\n"
        f"function request()\n  n = math.min(n + 1, {count})\n"
        f"  return wrk.format(nil, string.format('/{bucket}/k%09d', n))\nend\n"
        "function response(status)\n  if status ~= 200 then os.exit(1) end\n  answered = answered + 1\n"
        f"  if answered == {count + 4 * run.CONNECTIONS} then os.exit(0) end\nend\n")


def curl(*arguments):
    """Seconds of one transfer."""
    done = subprocess.run(["curl", "-sS", "-f", "-o", "/dev/null", "-w", "%{time_total}", *arguments],
                          capture_output=True, text=True, check=True)
    return float(done.stdout)


def upload(path, url):
    return curl("-T", str(path), url)


def hash_seconds(path):
    began = time.monotonic()
    subprocess.run(["openssl", "md5", str(path)], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


class S3Bench(run.Bench):
    def __init__(self):
        super().__init__()
        self.servers = []

    def serve(self, name):
        server = Server(f"{self.folder}/{name}", "--log", "warn")
        self.s3 = boto3.client("s3", endpoint_url=server.endpoint, region_name="us-east-1",
                               aws_access_key_id=run.ACCOUNT, aws_secret_access_key="test",
                               config=Config(s3={"addressing_style": "path"}, max_pool_connections=UPLOADS))
        self.s3.create_bucket(Bucket="bench")
        self.servers.append(server)
        return server

    def url(self, operation, **parameters):
        return self.s3.generate_presigned_url(operation, Params={"Bucket": "bench", **parameters})

    def small(self, server):
        self.s3.put_object(Bucket="bench", Key="small", Body=b"x" * 1024)
        self.beside_bare(f"GET of 1 KB, {run.CONNECTIONS} connections / bare server", server,
                         request("GET", "/bench/small"), 1024, 0.5)
        # The server keeps objects this small in the row: the second loop does the same, the first writes and renames.
        puts = numbered_puts("bench", b"x" * 1024)
        self.writes(server, "PUT", puts, "s3-files", loop_name="C loop of files and rows")
        self.writes(server, "PUT", puts, "s3", loop_name="C loop of rows")

    def large_put(self, path):
        """Both read the file from the page cache, where it has just been written."""
        url = self.url("put_object", Key="large")
        ours, limit = [], []
        for _ in range(run.ROUNDS):
            limit.append(OBJECT / hash_seconds(path) / 1e6)
            ours.append(OBJECT / upload(path, url) / 1e6)
        self.ratio(f"PUT of {OBJECT >> 20:,} MiB / openssl md5", ours, limit, "MB/s", 0.6)

    def large_get(self, server):
        """nginx serves the very file in which the server keeps the object."""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if not program:
            print("nginx is not installed: GET of a large object not compared")
            return
        files = [f for f in (server.data / "s3").glob("??/*") if f.stat().st_size == OBJECT]
        port = run.free_port()
        configuration = pathlib.Path(self.folder) / "nginx.conf"
        configuration.write_text(NGINX.format(folder=self.folder, port=port, path=files[0]))
        nginx = subprocess.Popen([program, "-e", "stderr", "-p", self.folder, "-c", str(configuration)])
        ours, limit = [], []
        try:
            time.sleep(0.5)
            for _ in range(run.ROUNDS):
                limit.append(OBJECT / curl(f"http://127.0.0.1:{port}/large") / 1e6)
                ours.append(OBJECT / curl(self.url("get_object", Key="large")) / 1e6)
        finally:
            nginx.terminate()
            nginx.wait()
        self.ratio(f"GET of {OBJECT >> 20:,} MiB / nginx", ours, limit, "MB/s", 0.9)

    def large(self, server):
        path = pathlib.Path(self.folder) / "content"
        block = os.urandom(1 << 20)
        with open(path, "wb") as f:
            for _ in range(OBJECT >> 20):
                f.write(block)
        self.large_put(path)
        self.large_get(server)
        path.unlink()
        self.s3.delete_object(Bucket="bench", Key="large")

    def fill(self, server, bucket, count):
        self.s3.create_bucket(Bucket=bucket)
        script = pathlib.Path(self.folder) / "fill.lua"
        script.write_text(counted_puts(bucket, count))
        began = time.monotonic()
        subprocess.run(["wrk", "-t", "1", "-c", str(run.CONNECTIONS), "-d", "3600s", "-s", str(script),
                        server.endpoint], stdout=subprocess.DEVNULL, check=True)
        print(f"made {count:,} keys: {count / (time.monotonic() - began):,.0f} keys/s")
        for key in ("k%09d" % n for n in (1, count // 2, count)):
            self.s3.head_object(Bucket=bucket, Key=key)

    def listing(self, server):
        """The same page of each, from the middle of the bucket."""
        rates = {}
        for bucket, count in (("few", FEW), ("many", KEYS)):
            self.fill(server, bucket, count)
            rates[bucket] = []
        for _ in range(run.ROUNDS):
            for bucket, count in (("few", FEW), ("many", KEYS)):
                page = request("GET", f"/{bucket}?list-type=2&max-keys=1000&start-after=k{count // 2:09}")
                rates[bucket].append(run.wrk(server.endpoint + "/", page, self.folder))
        self.ratio(f"ListObjectsV2 page of 1,000: {KEYS:,} keys / {FEW:,}", rates["many"], rates["few"], "pages/s", 0.5)

    def sparse(self, name, size):
        path = pathlib.Path(self.folder) / name
        with open(path, "wb") as f:
            f.truncate(size)
        return path

    def upload_whole(self, key, path):
        upload(path, self.url("put_object", Key=key))

    def upload_parts(self, key, path):
        """Milliseconds that completing takes."""
        upload_id = self.s3.create_multipart_upload(Bucket="bench", Key=key)["UploadId"]
        for n in range(1, PARTS + 1):
            upload(path, self.url("upload_part", Key=key, UploadId=upload_id, PartNumber=n))
        pages = self.s3.get_paginator("list_parts").paginate(Bucket="bench", Key=key, UploadId=upload_id)
        parts = [{"PartNumber": p["PartNumber"], "ETag": p["ETag"]} for page in pages for p in page["Parts"]]
        began = time.monotonic()
        self.s3.complete_multipart_upload(Bucket="bench", Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts})
        return (time.monotonic() - began) * 1000

    def uploads(self):
        """Half of them a single PUT, half in parts, all at once, to a server that has done nothing else."""
        gib = PARTS * PART / (1 << 30)
        if shutil.disk_usage(self.folder).free < UPLOADS * PARTS * PART * 1.1:
            print(f"no room for {UPLOADS} objects of {gib:g} GiB: uploads not measured")
            return
        server = self.serve("uploads")
        whole, part = self.sparse("whole", PARTS * PART), self.sparse("part", PART)
        with concurrent.futures.ThreadPoolExecutor(UPLOADS) as pool:
            puts = [pool.submit(self.upload_whole, f"whole{n}", whole) for n in range(UPLOADS // 2)]
            completed = [pool.submit(self.upload_parts, f"parts{n}", part) for n in range(UPLOADS - len(puts))]
        for put in puts:
            put.result()
        ms = statistics.median(c.result() for c in completed)
        mib = server.resident_kib()[1] / 1024
        self.row(f"server memory, {UPLOADS} uploads of {gib:g} GiB", f"{mib:.1f} MiB", f"< {MEMORY_MIB} MiB",
                 mib < MEMORY_MIB)
        self.row(f"completing an upload of {gib:g} GiB in {PARTS} parts", f"{ms:.1f} ms", f"< {COMPLETE_MS} ms",
                 ms < COMPLETE_MS)
        server.stop()

    def run(self):
        try:
            server = self.serve("data")
            self.small(server)
            self.large(server)
            self.listing(server)
            server.stop()
            self.uploads()
        finally:
            for server in self.servers:
                if server.process.poll() is None:
                    server.kill()
            shutil.rmtree(self.folder, ignore_errors=True)
        return all(row[3] == "reached" for row in self.rows)


if __name__ == "__main__":
    sys.exit(0 if S3Bench().run() else 1)
