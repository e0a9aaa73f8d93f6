# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/demo
# Second act of scripts/demo, which sources it: a Computation Management Service sends computations,
# and the manager releases them to CVMs that prove what they are. The TEE is simulated: the daemon is
# cocos-manager-simtee, which trusts a root of tests (docs/testing.md).

relay_port=$(free_port 17004)
cms_port=$(free_port 17301)

tee_dir=$work/tee
mkdir -p "$tee_dir" "$work/anchors" "$work/img"
"$bin/cocos-manager-simtee" print-root > "$work/anchors/genoa.der"
# Debian's OVMF has no place for kernel hashes; a copy gets one.
PYTHONPATH=$top/tests/integration/daemon COCOS_SOURCE_DIR=$top COCOS_BINARY_DIR=$build python3 -B -c '
import pathlib, sys
from harness.simulated_tee import write_firmware
write_firmware(pathlib.Path(sys.argv[1]))' "$work/img/OVMF.fd"
cp "$build/guest/bzImage" "$work/img/"
{ cat "$build/guest/bzImage"; printf 'tampered'; } > "$work/img/bzImage.tampered"
chmod 711 "$tee_dir"; chmod 755 "$work/img"

cat > "$work/etc/classes.d/default.yaml" <<CLASS
# SEV-SNP with OVMF, which checks the kernel it is given; nothing is released without evidence.
tee: sev-snp
boot:
  igvm: ""
  firmware: $work/img/OVMF.fd
  kernel: $work/img/bzImage
  initrd: $build/guest/rootfs.cpio.gz
  cmdline: console=ttyS0 quiet
resources: {vcpus: 1, max_vcpus: 1, memory: 512M}
launch_security:
  bind_host_data: true
  snp: {kernel_hashes: true}
attestation: {mode: enforce}
CLASS

start_cms() {
  coproc cms { exec "$bin/cocos-cvms-testserver" --host 127.0.0.1 --port "$cms_port" --commands --cms-run \
    --server-cert "$work/pki/server.pem" --server-key "$work/pki/server.key" --client-ca "$work/pki/ca.pem" \
    --algo-path "$work/user/algorithm.sh" --public-key-path "$work/user/public.pem" \
    --computation-id "$1" > "$work/$1.log" 2>&1; }
  # shellcheck disable=SC2154 # set by coproc
  server_pid=$cms_PID
}

reason_of() { # log of a service
  python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
print(next(line["message"] for line in lines if line["kind"] == "manager_stop_response"))' "$1"
}

# --- a computation for a CVM that is what it should be ----------------------------------------------
step "second act: a computation service sends a computation, for a CVM with a (simulated) SEV-SNP"
start_cms honest
manager=$bin/cocos-manager-simtee
manager_settings=("MANAGER_GRPC_URL=127.0.0.1:$cms_port" MANAGER_GRPC_SERVER_CA_CERTS="$work/pki/ca.pem"
  MANAGER_GRPC_CLIENT_CERT="$work/pki/agent.pem" MANAGER_GRPC_CLIENT_KEY="$work/pki/agent.key"
  "MANAGER_RELAY_PORT=$relay_port" COCOS_TEST_TRUST_ANCHORS="$work/anchors" COCOS_TEST_TEE_DIR="$tee_dir")
start_manager
ran=$(now_ms)
wait_for 60 "the CVM" '"kind":"manager_run_response"' "$work/honest.log"
mark $(($(now_ms) - ran)) "run sent -> CVM running"
ran=$(now_ms)
wait_for 120 "the evidence" '"event_type":"Attestation","status":"Completed"' "$work/honest.log"
mark $(($(now_ms) - ran)) "running -> attested (firmware, kernel, agent)"
wait_for 60 "the computation's acceptance" 'Agent took its computation' "$work/manager.log"
mark $(($(now_ms) - ran)) "running -> computation released and taken"
third=$(ctl --output json list | ids_of_list)
port=$(grep '"kind":"manager_run_response"' "$work/honest.log" | head -n 1 | field agent_port)
note "CVM $third was attested: $(grep -o '"verdict":"[a-z]*","summary":"[^"]*"' "$work/manager.log" | tail -n 1)"

agent=(agent --agent "127.0.0.1:$port" --wait 60s)
ctl "${agent[@]}" algo "$work/user/algorithm.sh" --type bin --user-key "$work/user/private.pem"
wait_for 60 "the result" '"event_type":"ConsumingResults"' "$work/honest.log"
ctl "${agent[@]}" result --out "$work/user/attested.zip" --user-key "$work/user/private.pem"
note "result fetched; the service stops the computation"
echo "cms stop honest" >&"${cms[1]}"
wait_for 60 "the computation's end" '"kind":"manager_stop_response"' "$work/honest.log"
stop_process "$manager_pid"; manager_pid=''
stop_process "$server_pid"; server_pid=''

# --- the same on a host that launches another kernel --------------------------------------------------
step "the same computation on a host that launches another kernel than it says"
printf '{"kernel": "%s"}' "$work/img/bzImage.tampered" > "$tee_dir/deviations.json"
start_cms tampered
start_manager
ran=$(now_ms)
wait_for 120 "the refusal" '"kind":"manager_stop_response"' "$work/tampered.log"
mark $(($(now_ms) - ran)) "manager started -> computation refused (guest booted in between)"
note "the service is told: $(reason_of "$work/tampered.log")"
! grep -q '"msg":"Agent took its computation".*"tampered"' "$work/manager.log" || fail "the computation was released"
for ((waited = 0; waited < 300; waited++)); do
  [[ -n $(ctl --output json list | ids_of_list) ]] || break
  sleep 0.1
done
[[ -z $(ctl --output json list | ids_of_list) ]] || fail "the refused CVM is still there"
stop_process "$manager_pid"; manager_pid=''
stop_process "$server_pid"; server_pid=''
check_leftovers "cvm-"
