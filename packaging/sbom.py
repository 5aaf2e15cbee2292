"""Prints what a release is made of as CycloneDX 1.5 JSON: the same text from the same input.

    sbom.py VERSION EPOCH IMAGE RID... [edgeinfer-cuda=VERSION]

NuGet packages come from the lock files of src/, the linked Debian archives from artifacts/sysroot/RID, the container image's Debian
packages from IMAGE/RID. edgeinfer-cuda is a folder of its own beside the packages.
"""
import datetime
import glob
import json
import os
import re
import sys
import uuid

# Packages that bring their licence as a file of their own instead of a name.
LICENCE_FILES = {
    "microsoft.ml.onnxruntime": "MIT",
    "microsoft.ml.onnxruntime.managed": "MIT",
    "mqttnet": "MIT",
    "mqttnet.server": "MIT",
    "sourcegear.sqlite3": "blessing",
}
# Needed to build, and not in what is shipped. SQLite's own package gives way to Debian's archive.
BUILD_ONLY = {"microsoft.codeanalysis.bannedapianalyzers", "microsoft.net.illink.tasks", "microsoft.dotnet.ilcompiler", "sourcegear.sqlite3"}
ARCHITECTURES = {"linux-x64": "amd64", "linux-arm64": "arm64"}
# Linked into the program from Debian's archives: package, name, licence, and what vulnerability lists call it.
LINKED = [
    ("libturbojpeg0-dev", "libjpeg-turbo", "IJG AND BSD-3-Clause AND Zlib", "libjpeg-turbo:libjpeg-turbo"),
    ("libsqlite3-dev", "SQLite", "blessing", "sqlite:sqlite"),
]
IMAGE_LICENCES = {
    "base-files": "GPL-2.0-or-later",
    "ca-certificates": "GPL-2.0-or-later AND MPL-2.0",
    "gcc-12-base": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libc6": "LGPL-2.1-or-later",
    "libgcc-s1": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libssl3": "Apache-2.0",
    "libstdc++6": "GPL-3.0-or-later WITH GCC-exception-3.1",
}


def main():
    version, epoch, image = sys.argv[1:4]
    rids = [argument for argument in sys.argv[4:] if "=" not in argument]
    beside = [argument.split("=")[1] for argument in sys.argv[4:] if argument.startswith("edgeinfer-cuda=")]
    packages = locked(rids)
    components = [nuget(name, number) for name, number in sorted(packages, key=lambda p: (p[0].lower(), p[1]))]
    components += natives({name.lower(): number for name, number in packages}, rids)
    for rid in rids:
        components += linked(rid) + in_image(image, rid)
    components += [cuda(number) for number in beside]
    components.sort(key=lambda c: c["bom-ref"])
    text = json.dumps(components, sort_keys=True)
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"edgeinfer/{version}/{text}")),
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": "edgeinfer", "name": "edgeinfer", "version": version, "licenses": licence("Apache-2.0")},
        },
        "components": components,
        "dependencies": [{"ref": "edgeinfer", "dependsOn": [c["bom-ref"] for c in components if c["scope"] == "required"]}],
    }
    json.dump(bom, sys.stdout, indent=1)
    print()


def locked(rids):
    """Name and version of each package of the shipped projects' lock files, for the platforms wanted."""
    found = set()
    for path in sorted(glob.glob("src/*/packages.lock.json")):
        with open(path, encoding="utf-8") as file:
            frameworks = json.load(file)["dependencies"]
        for framework, packages in frameworks.items():
            if "/" in framework and framework.split("/")[1] not in rids:
                continue
            found |= {(name, package["resolved"]) for name, package in packages.items() if package["type"] != "Project"}
    return found


def nuget(name, version):
    build_only = name.lower() in BUILD_ONLY
    return {
        "type": "library",
        "bom-ref": f"pkg:nuget/{name}@{version}",
        "purl": f"pkg:nuget/{name}@{version}",
        "name": name,
        "version": version,
        "scope": "excluded" if build_only else "required",
        "licenses": licence(nuget_licence(name, version)),
    }


def nuget_licence(name, version):
    folder = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
    path = os.path.join(folder, name.lower(), version, name.lower() + ".nuspec")
    if os.path.exists(path):
        with open(path, encoding="utf-8-sig") as file:
            named = re.search(r'<license type="expression">([^<]+)</license>', file.read())
        if named:
            return named.group(1)
    if name.lower() in LICENCE_FILES:
        return LICENCE_FILES[name.lower()]
    # Of one version with the others, and not always restored on this machine.
    if name.startswith(("runtime.linux-", "Microsoft.Extensions.", "Microsoft.DotNet.", "Microsoft.NET.", "System.")):
        return "MIT"
    sys.exit(f"sbom.py: the licence of {name} {version} is not known; look it up, and add it to LICENCE_FILES")


def natives(versions, rids):
    """What the packages bring that is not managed code."""
    runtime = versions[f"runtime.{rids[0]}.microsoft.dotnet.ilcompiler"]
    onnx = versions["microsoft.ml.onnxruntime"]
    return [
        {
            "type": "framework", "bom-ref": f"dotnet@{runtime}", "name": ".NET runtime and libraries (native ahead-of-time)", "version": runtime,
            "scope": "required", "licenses": licence("MIT"), "cpe": f"cpe:2.3:a:microsoft:.net:{runtime}:*:*:*:*:*:*:*",
        },
        {
            "type": "framework", "bom-ref": f"aspnetcore@{runtime}", "name": "ASP.NET Core (Kestrel, native ahead-of-time)", "version": runtime,
            "scope": "required", "licenses": licence("MIT"), "cpe": f"cpe:2.3:a:microsoft:asp.net_core:{runtime}:*:*:*:*:*:*:*",
        },
        {
            "type": "library", "bom-ref": f"onnxruntime@{onnx}", "name": "ONNX Runtime (libonnxruntime.so)", "version": onnx,
            "scope": "required", "licenses": licence("MIT"), "purl": f"pkg:github/microsoft/onnxruntime@v{onnx}",
        },
    ]


def cuda(version):
    purl = f"pkg:nuget/Microsoft.ML.OnnxRuntime.Gpu.Linux@{version}"
    return {
        "type": "library", "bom-ref": purl, "purl": purl, "name": "Microsoft.ML.OnnxRuntime.Gpu.Linux", "version": version,
        "scope": "optional", "licenses": licence("MIT"), "description": "in edgeinfer-cuda alone",
    }


def linked(rid):
    versions = debian_versions(f"artifacts/sysroot/{rid}/packages.tsv")
    return [
        {
            **debian(package, versions[package], rid, expression), "name": name, "scope": "required",
            "cpe": f"cpe:2.3:a:{product}:{upstream(versions[package])}:*:*:*:*:*:*:*",
            "description": "linked into the program",
        }
        for package, name, expression, product in LINKED
    ]


def in_image(image, rid):
    return [
        {**debian(package, version, rid, IMAGE_LICENCES[package]), "scope": "optional", "description": "in the container image alone"}
        for package, version in sorted(debian_versions(f"{image}/{rid}/packages.tsv").items())
    ]


def debian_versions(path):
    with open(path, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("\t") for line in file)


def debian(package, version, rid, expression):
    purl = f"pkg:deb/debian/{package.replace('+', '%2B')}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={ARCHITECTURES[rid]}&distro=debian-12"
    return {"type": "library", "bom-ref": purl, "purl": purl, "name": package, "version": version, "licenses": licence(expression)}


def upstream(version):
    """1:2.1.5-2 without Debian's own parts."""
    return version.split(":")[-1].rsplit("-", 1)[0]


def licence(expression):
    if re.fullmatch(r"[A-Za-z0-9.+-]+", expression):
        return [{"license": {"id": expression}}]
    return [{"expression": expression}]


main()
