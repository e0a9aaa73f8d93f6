#!/usr/bin/env python3
"""Checks the dependency rule: each #include "..." of a module against the DEPS of its CMake target,
and each third-party header against the folders that may know it (docs/adr/0003).

Usage: check_layering.py SOURCE_DIR BUILD_DIR
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Third-party headers by prefix, and the folders (path prefixes below src/) that may include them.
THIRD_PARTY = {
    "libvirt/": ["hypervisor"],
    "libxml/": ["domain"],
    # cpp-httplib takes its TLS set-up as an SSL_CTX.
    "openssl/": ["crypto", "telemetry/http_tls"],
    "yaml-cpp/": ["config", "attestation/policy"],
    "tss2/": ["attestation/vtpm", "testagent"],
    "grpcpp/": ["api", "cms", "relay", "cli", "testserver", "testagent"],
    "google/protobuf/": ["computation", "api", "cms", "relay", "cli", "testserver",
                         "testagent"],
    "prometheus/": ["telemetry"],
    "httplib.h": ["telemetry"],
    "spdlog/": ["telemetry"],
    "CLI/": ["cli", "daemon", "testserver", "testagent"],
    "curl/": ["collateral"],
    "nlohmann/": ["attestation", "cli", "telemetry", "testserver", "testagent"],
}

# The arrows of the design, checked against the DEPS lists themselves.
ALLOWED = {
    "base": set(),
    "crypto": {"base"},
    "config": {"base"},
    "domain": {"base"},
    "attestation/claims": {"crypto", "base"},
    "attestation/cbor": {"base"},
    "attestation/evidence": {"attestation/snp", "attestation/cbor", "crypto", "base"},
    "attestation/igvm": {"base"},
    "attestation/launch": {"attestation/igvm", "crypto", "base"},
    "attestation/snp": {"attestation/claims", "crypto", "base"},
    "attestation/tdx": {"attestation/claims", "crypto", "base"},
    "attestation/vtpm": {"attestation/claims", "crypto", "base"},
    "attestation/policy": {"attestation/snp", "attestation/tdx", "attestation/vtpm",
                           "attestation/cbor", "attestation/claims", "crypto", "base"},
    "attestation/appraisal": {"attestation/evidence", "attestation/policy", "attestation/snp",
                              "attestation/tdx", "attestation/vtpm", "attestation/claims",
                              "crypto", "base"},
    "collateral": {"attestation/snp", "attestation/tdx", "attestation/claims", "crypto", "base"},
    "cvm": {"attestation/launch", "attestation/igvm", "attestation/policy", "attestation/vtpm", "domain", "crypto",
            "base"},
    "hypervisor": {"cvm", "domain", "base"},
    "api": {"cvm", "domain", "attestation/claims", "crypto", "base", "proto"},
    "cms": {"computation", "cvm", "domain", "crypto", "base", "proto"},
    "relay": {"computation", "attestation/appraisal", "attestation/evidence",
              "attestation/snp", "attestation/tdx", "attestation/vtpm", "attestation/policy",
              "attestation/claims", "cvm", "domain", "crypto", "base", "proto"},
    "telemetry": {"crypto", "base"},
    "cli": {"attestation/launch", "attestation/igvm", "attestation/snp", "attestation/tdx",
            "attestation/vtpm", "attestation/evidence", "attestation/policy",
            "attestation/appraisal", "attestation/claims", "collateral", "base", "crypto",
            "proto"},
    "computation": {"crypto", "base", "proto"},
    "testserver": {"computation", "base", "crypto", "proto"},
    "testagent": {"attestation/evidence", "attestation/snp", "computation", "base", "crypto", "proto"},
    # daemon builds the objects and joins them: it may include everything.
}


def read_deps(build_dir):
    deps = {}
    for file in (build_dir / "layering").glob("*.deps"):
        deps[file.stem.replace(".", "/")] = set(file.read_text().split())
    return deps


def module_of(path, modules):
    """The innermost module whose folder holds this path (below src/)."""
    for parent in path.parents:
        if str(parent) in modules:
            return str(parent)
    return None


def reachable(module, deps):
    """Modules a module may include: its DEPS, and what those pass on."""
    seen, todo = set(), [module]
    while todo:
        for dep in deps.get(todo.pop(), ()):
            if dep not in seen:
                seen.add(dep)
                todo.append(dep)
    return seen


def check_deps(deps):
    for module, listed in sorted(deps.items()):
        allowed = ALLOWED.get(module)
        if allowed is None:
            continue
        for dep in sorted(listed - allowed):
            yield f"src/{module}/CMakeLists.txt: DEPS {dep} is against the layering"


def check_include(path, module, kind, header, deps):
    if kind == '"':
        target = module_of(pathlib.PurePath(header), deps) or header.split("/")[0]
        if target != module and target not in reachable(module, deps):
            yield f'includes "{header}", but {target} is not in the DEPS of {module}'
        return
    for prefix, folders in THIRD_PARTY.items():
        if header.startswith(prefix) and not any(str(path).startswith(f) for f in folders):
            yield f"includes <{header}>, which only {', '.join(folders)} may know"


def check_file(source_dir, path, deps):
    below_src = path.relative_to(source_dir / "src")
    module = module_of(below_src, deps)
    if module is None:
        yield f"{path}: belongs to no module"
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        for problem in check_include(below_src, module, *match.groups(), deps):
            yield f"{path.relative_to(source_dir)}:{number}: {problem}"


def main():
    source_dir, build_dir = map(pathlib.Path, sys.argv[1:3])
    deps = read_deps(build_dir)
    if "base" not in deps:
        sys.exit(f"{build_dir}: no layering information; configure first")
    problems = list(check_deps(deps))
    files = sorted((source_dir / "src").rglob("*.h")) + sorted((source_dir / "src").rglob("*.cc"))
    for path in files:
        problems += check_file(source_dir, path, deps)
    print("\n".join(problems) or f"{len(files)} files, {len(deps)} modules: no forbidden arrow")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
