#!/bin/bash
# CPU of a 720p H.264 camera over RTSP: the agent with its ffmpeg, beside plain ffmpeg that writes rgb24 to a reader that throws it away.
#   tests/EdgeInfer.Benchmarks/stream-cpu.sh EDGEINFER MODEL [ROUNDS] [SECONDS]
# Needs ffmpeg, mosquitto, and gir1.2-gst-rtsp-server-1.0 with GStreamer's x264enc for the camera (its own CPU is not counted).
# Prints one line a run: CPU ms for each frame of the camera that reached the reader or the model.
set -euo pipefail
agent=$1 model=$2 rounds=${3:-3} seconds=${4:-20}
folder=$(mktemp -d)
started=()
cleanup() { for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$folder"; }
trap cleanup EXIT

camera() {
    /usr/bin/python3 - "$1" "$2" <<'PY' &
import sys, gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer, GLib
Gst.init(None)
server = GstRtspServer.RTSPServer(service=sys.argv[1], address="127.0.0.1")
factory = GstRtspServer.RTSPMediaFactory(shared=True)
factory.set_launch(f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width=1280,height=720,framerate={sys.argv[2]}/1 ! timeoverlay"
                   f" ! x264enc tune=zerolatency speed-preset=veryfast bitrate=3000 key-int-max={sys.argv[2]} ! rtph264pay name=pay0 pt=96 )")
server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
GLib.MainLoop().run()
PY
    started+=($!)
}

# Clock ticks that a process has used.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
hertz=$(getconf CLK_TCK)
report() { awk -v t="$2" -v n="$3" -v hz="$hertz" -v name="$1" 'BEGIN { printf "%-28s %7.2f ms a frame (%d frames)\n", name, t * 1000 / hz / n, n }'; }

mosquitto -p 18831 > "$folder/mosquitto.log" 2>&1 &
started+=($!)
camera 18554 15
camera 18555 5
sleep 3

plain() {
    local port=$1 rate=$2 id before
    ffmpeg -v error -nostdin -rtsp_transport tcp -i "rtsp://127.0.0.1:$port/cam" -f rawvideo -pix_fmt rgb24 - > >(cat > /dev/null) &
    id=$!
    sleep 5
    before=$(ticks $id)
    sleep "$seconds"
    report "ffmpeg rgb24, $rate fps" $(($(ticks $id) - before)) $((seconds * rate))
    kill $id; wait $id 2>/dev/null || true
}

run() {
    local port=$1 rate=$2 camera=$3 id child before own first last
    cat > "$folder/edgeinfer.yaml" <<YAML
device: { id: bench }
mqtt: { url: "mqtt://127.0.0.1:18831" }
runtime: { threads: 1, state_folder: $folder, cache_folder: $folder }
models: { main: { path: $model } }
pipelines:
  main: { source: { stream: "rtsp://127.0.0.1:$port/cam" }, model: main, fps: $rate, publish: { predictions: every, qos: 0 } }
YAML
    "$agent" run -c "$folder/edgeinfer.yaml" > "$folder/agent.log" 2>&1 &
    id=$!
    sleep 8
    child=$(pgrep -P $id ffmpeg)
    before=$(ticks $child) own=$(ticks $id)
    timeout "$seconds" mosquitto_sub -p 18831 -t 'edgeinfer/bench/main/prediction' > "$folder/messages" || true
    first=$(($(ticks $child) - before)) last=$(($(ticks $id) - own))
    report "agent, $camera fps at $rate: all" $((first + last)) "$(wc -l < "$folder/messages")"
    report "  its ffmpeg" $first "$(wc -l < "$folder/messages")"
    kill $id; wait $id 2>/dev/null || true
}

for ((round = 0; round < rounds; round++)); do
    plain 18554 15
    run 18554 15 15
    run 18554 5 15
    plain 18555 5
    run 18555 5 5
done
