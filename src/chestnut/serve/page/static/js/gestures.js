/** Moves of mouse, pen and fingers on the stage. */

/** Let a viewer follow what hands do on its canvas. */
export function followHands(canvas, viewer) {
  const down = new Map();
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    canvas.classList.toggle("windowing", isWindowing(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    if (down.size === 2) pinch(viewer, down, event.pointerId, now);
    else if (isWindowing(event)) shiftWindow(viewer, before, now);
    else viewer.move(now.x - before.x, now.y - before.y);
    down.set(event.pointerId, now);
  });
  const lift = (event) => {
    down.delete(event.pointerId);
    canvas.classList.remove("windowing");
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", () => viewer.fit());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const steps = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      viewer.enlarge(Math.exp(-steps * (event.ctrlKey ? 0.01 : 0.002)), place(event));
    },
    { passive: false },
  );
  // A finger scrolls the page while the picture is whole, and moves the picture once it is enlarged.
  viewer.addEventListener("view", () => (canvas.style.touchAction = viewer.zoom > 1 ? "none" : "pan-y"));
}

const isWindowing = (event) => (event.buttons & 2) !== 0 || event.shiftKey;

/** Up and down change the level, left and right the window, as on a workstation. */
function shiftWindow(viewer, before, now) {
  const { level, window } = viewer.look;
  viewer.adjust({ level: level + (now.y - before.y) / 4, window: window + (now.x - before.x) / 2 });
}

function pinch(viewer, down, moved, now) {
  const [id, other] = [...down].find(([pointer]) => pointer !== moved);
  const before = down.get(moved);
  const apart = (a, b) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
  const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  viewer.enlarge(apart(now, other) / apart(before, other), middle);
  viewer.move((now.x - before.x) / 2, (now.y - before.y) / 2);
  down.set(id, other);
}
