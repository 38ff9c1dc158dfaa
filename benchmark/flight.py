"""Where a JVM's time goes: Flight Recorder's samples, by area and by method."""

import os
import re
import shutil
import subprocess
import time

import bench
from bench import Problem


class Profile:
    """Where a JVM's time goes while this is open: Flight Recorder's samples, by area and by method."""

    def __init__(self, process, jdk=None):
        self.pid = process.pid
        self.tool = lambda name: os.path.join(os.path.dirname(os.path.realpath(shutil.which(bench.java(jdk)))), name)
        self.file = os.path.join(bench.WORK, "results", f"{process.name}-{time.strftime('%Y%m%d-%H%M%S')}.jfr")

    def __enter__(self):
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        self._jcmd("JFR.start", "name=benchmark", "settings=profile")
        return self

    def __exit__(self, *problem):
        self._jcmd("JFR.stop", "name=benchmark", f"filename={self.file}")

    def _jcmd(self, *words):
        done = subprocess.run([self.tool("jcmd"), str(self.pid), *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Problem(f"jcmd {words[0]} failed: {done.stdout}{done.stderr}")

    def _stacks(self, event):
        done = subprocess.run([self.tool("jfr"), "print", "--events", event, "--stack-depth", "64", self.file],
                              capture_output=True, text=True, check=False)
        for sample in done.stdout.split("jdk." + event.split(".")[-1] + " {")[1:]:
            thread = re.search(r'sampledThread = "([^"]*)"', sample)
            frames = re.findall(r"^\s+(\S+)\(.*line:", sample, re.MULTILINE)
            if frames:
                yield thread.group(1) if thread else "?", frames

    def text(self, areas):
        """A table of areas, each a name and the beginnings of its methods: a sample counts for the innermost that fits."""
        by_area, by_thread, by_method, total = {}, {}, {}, 0
        for event in ("jdk.ExecutionSample", "jdk.NativeMethodSample"):
            for thread, frames in self._stacks(event):
                if event == "jdk.NativeMethodSample" and re.search(r"[wW]ait|[pP]oll|park|accept|Select", frames[0]):
                    continue
                total += 1
                thread = re.sub(r"[-\d]+$", "", thread)
                by_thread[thread] = by_thread.get(thread, 0) + 1
                by_method[frames[0]] = by_method.get(frames[0], 0) + 1
                area = next((name for frame in frames for name, starts in areas if frame.startswith(starts)), "other")
                by_area[area] = by_area.get(area, 0) + 1
        lines = [f"{total:,} samples in {self.file}"]
        for heading, counts, most in (("area", by_area, 20), ("threads", by_thread, 12), ("method", by_method, 25)):
            top = sorted(counts.items(), key=lambda item: -item[1])[:most]
            lines.append(bench.table([heading, "% of samples"], [[name, f"{100 * n / max(1, total):.1f}"] for name, n in top]))
        return "\n\n".join(lines)


AREAS = [
    ("signature", ("io.payhook.signature.",)),
    ("journal", ("io.payhook.journal.",)),
    ("delivery", ("io.payhook.delivery.",)),
    ("intake", ("io.payhook.intake.",)),
    ("effects", ("io.payhook.effects.",)),
    ("PostgreSQL driver", ("org.postgresql.",)),
    ("connection pool", ("com.zaxxer.",)),
    ("templates", ("io.pebbletemplates.",)),
    ("JSON", ("com.fasterxml.",)),
    ("mail", ("jakarta.mail.", "org.eclipse.angus.", "com.sun.mail.", "org.apache.camel.component.mail.")),
    ("HTTP client", ("org.apache.hc.", "org.apache.camel.component.http.")),
    ("Camel's HTTP server", ("org.apache.camel.component.platform.",)),
    ("Camel", ("org.apache.camel.",)),
    ("Vert.x", ("io.vertx.",)),
    ("netty", ("io.netty.",)),
    ("meters", ("io.micrometer.", "io.prometheus.")),
    ("logging", ("ch.qos.", "org.slf4j.")),
]
