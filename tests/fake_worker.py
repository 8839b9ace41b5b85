"""Stands in for a training process: does what the job's recipe says, and trains nothing."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path


def tell(kind, **facts):
    sys.stdout.write(json.dumps({"kind": kind, "facts": facts}) + "\n")
    sys.stdout.flush()


def watch():
    while os.read(0, 1):
        pass
    os._exit(1)


def stop(*_):
    tell("end", status="stopped", error="")
    sys.exit(0)


def main():
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGINT, stop)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # under Ray it is blocked from birth
    act, _, argument = job["recipe"].partition(" ")
    Path(job["folder"]).parent.mkdir(parents=True, exist_ok=True)
    Path(job["folder"] + ".pid").write_text(str(os.getpid()))
    tell("start", epochs=1, batches=1, done=0)
    if act == "threads":
        Path(job["folder"]).write_text(os.environ["OMP_NUM_THREADS"])
    elif act == "fail":
        tell("end", status="failed", error=argument)
        sys.exit(0)
    elif act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif act == "exit":
        sys.stderr.write("the last words\n")
        sys.exit(int(argument))
    elif act == "wait":
        time.sleep(float(argument))
    tell("end", status="finished", error="")


if __name__ == "__main__":
    main()
