"""Writes an OCI image layout (image-spec 1.0) of unpacked folders: the same bytes from the same folders.

    oci.py VERSION EPOCH USER FOLDER LAYOUT RID...

FOLDER/RID/base and FOLDER/RID/program become the two layers of a platform's image. LAYOUT is an image layout whose index.json names one
index, VERSION, of all platforms.
"""
import datetime
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

PLATFORMS = {
    "linux-x64": {"architecture": "amd64", "os": "linux"},
    "linux-arm64": {"architecture": "arm64", "os": "linux", "variant": "v8"},
}
# What the service writes belongs to its user, and nobody else looks into it.
OWNED = {"var/lib/edgeinfer", "var/cache/edgeinfer", "run/edgeinfer"}
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def main():
    version, epoch, user, folder, layout = sys.argv[1:6]
    writer = Layout(layout)
    manifests = [image(writer, version, int(epoch), int(user), os.path.join(folder, rid), PLATFORMS[rid]) for rid in sys.argv[6:]]
    index = writer.add_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, "annotations": annotations(version, int(epoch))}, INDEX)
    # Podman and skopeo name what they load by the first, containerd by the second.
    index["annotations"] = {"org.opencontainers.image.ref.name": "edgeinfer:" + version, "io.containerd.image.name": "localhost/edgeinfer:" + version}
    writer.finish({"schemaVersion": 2, "mediaType": INDEX, "manifests": [index]})


def image(writer, version, epoch, user, folder, platform):
    layers = [layer(os.path.join(folder, name), epoch, user) for name in ("base", "program")]
    config = {
        "created": timestamp(epoch),
        **platform,
        "config": {
            "User": f"{user}:{user}",
            "Entrypoint": ["/usr/bin/edgeinfer"],
            "Cmd": ["run"],
            "Env": [
                "PATH=/usr/bin",
                # Neither OpenSSL's own folder nor a home is in the image.
                "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
                "ORT_DISABLE_TELEMETRY=1",
            ],
            "WorkingDir": "/",
            "Volumes": {"/var/lib/edgeinfer": {}},
            "StopSignal": "SIGTERM",
            "Labels": annotations(version, epoch),
        },
        "rootfs": {"type": "layers", "diff_ids": [digest(plain) for plain in layers]},
        "history": [
            {"created": timestamp(epoch), "created_by": "packaging/image.sh: Debian 12's C and C++ library, OpenSSL, certificates"},
            {"created": timestamp(epoch), "created_by": f"packaging/image.sh: EdgeInfer {version}"},
        ],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": writer.add_json(config, CONFIG),
        "layers": [writer.add(gzip.compress(plain, compresslevel=6, mtime=0), LAYER) for plain in layers],
        "annotations": annotations(version, epoch),
    }
    return {**writer.add_json(manifest, MANIFEST), "platform": platform}


def annotations(version, epoch):
    return {
        "org.opencontainers.image.title": "edgeinfer",
        "org.opencontainers.image.description": "Inference on cameras, results on MQTT. Without ffmpeg (no RTSP, no films), v4l-utils and a shell.",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.created": timestamp(epoch),
        "org.opencontainers.image.vendor": "EdgeInfer contributors",
        "org.opencontainers.image.licenses": "Apache-2.0 AND MIT",
    }


def layer(folder, epoch, user):
    """An uncompressed tar of a folder: names in order, root's, of one time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in sorted(names(folder)):
            entry = archive.gettarinfo(os.path.join(folder, name), name)
            mine = name in OWNED
            entry.uid = entry.gid = user if mine else 0
            entry.uname = entry.gname = ""
            entry.mtime = epoch
            if mine:
                entry.mode = 0o700
            if name == "tmp":
                entry.mode = 0o1777
            if entry.isreg():
                with open(os.path.join(folder, name), "rb") as content:
                    archive.addfile(entry, content)
            else:
                archive.addfile(entry)
    return out.getvalue()


def names(folder):
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            yield os.path.relpath(os.path.join(path, name), folder)


def timestamp(epoch):
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Layout:
    """The folder of an image layout; blobs are named by their digests."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(os.path.join(folder, "blobs", "sha256"))

    def add(self, content, media_type):
        name = digest(content)
        with open(os.path.join(self.folder, "blobs", "sha256", name.split(":")[1]), "wb") as blob:
            blob.write(content)
        return {"mediaType": media_type, "digest": name, "size": len(content)}

    def add_json(self, value, media_type):
        return self.add(json.dumps(value, separators=(",", ":")).encode(), media_type)

    def finish(self, index):
        for name, value in (("oci-layout", {"imageLayoutVersion": "1.0.0"}), ("index.json", index)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                json.dump(value, file, separators=(",", ":"))


main()
