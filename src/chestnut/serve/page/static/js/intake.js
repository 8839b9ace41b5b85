/** How images come in: chosen, dropped, or pasted; files and whole folders. */

import { byId, show } from "./dom.js";
import { Item } from "./worklist.js";

/** First bytes of files that may hold an image, as the service knows them. */
const STARTS = [
  [0, [0xff, 0xd8, 0xff]], // JPEG
  [0, [0x89, 0x50, 0x4e, 0x47]], // PNG
  [0, [0x49, 0x49]], // TIFF
  [0, [0x4d, 0x4d, 0x00]], // TIFF
  [0, [0x42, 0x4d]], // BMP
  [128, [0x44, 0x49, 0x43, 0x4d]], // DICOM
  [0, [0x02, 0x00]], // DICOM without preamble
  [0, [0x08, 0x00]],
  [0, [0x00, 0x08]],
];

/** Tell whether a file may hold an image, by its first bytes. */
async function mayBeImage(file) {
  if (file.name.startsWith(".") || file.name.toUpperCase() === "DICOMDIR") return false;
  const bytes = new Uint8Array(await file.slice(0, 132).arrayBuffer());
  return STARTS.some(([at, start]) => start.every((value, index) => bytes[at + index] === value));
}

/** Return all files below a dropped entry, with their paths; without those that may not be read. */
async function filesBelow(entry, above = "") {
  const path = above + entry.name;
  try {
    return await (entry.isFile ? fileOf(entry, path) : filesIn(entry, path));
  } catch (error) {
    if (error instanceof DOMException) return [];
    throw error;
  }
}

async function fileOf(entry, path) {
  const file = await new Promise((done, failed) => entry.file(done, failed));
  return [{ file, path }];
}

async function filesIn(entry, path) {
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed)); // at most 100 at a time
    if (some.length === 0) break;
    for (const one of some) found.push(...(await filesBelow(one, `${path}/`)));
  }
  return found;
}

/**
 * Let images come in.
 *
 * @param {(items: Item[], left: number) => void} receive  gets the images, and how many files of folders are none.
 */
export function openIntake(receive) {
  /** Of folders only what looks like an image is taken; a file that somebody chose is always sent. */
  const take = async (named, whole) => {
    const kept = [];
    for (const one of named) if (!one.path.includes("/") || whole || (await mayBeImage(one.file))) kept.push(one);
    receive(kept.map(({ file, path }) => new Item(file, path)), named.length - kept.length);
  };
  const files = byId("files");
  const folder = byId("folder");
  for (const input of [files, folder]) {
    input.addEventListener("change", async () => {
      const named = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
      input.value = "";
      await take(named, false);
    });
  }
  for (const id of ["add-files", "empty-files"]) byId(id).addEventListener("click", () => files.click());
  for (const id of ["add-folder", "empty-folder"]) byId(id).addEventListener("click", () => folder.click());
  acceptDrops((named) => take(named, false));
  addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].map((file) => ({ file, path: file.name }));
    if (pasted.length) void take(pasted, true);
  });
}

function acceptDrops(take) {
  const veil = byId("drop-veil");
  let depth = 0;
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    show(veil, true);
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) show(veil, false);
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show(veil, false);
    // The entries must be asked for before the first await: the browser empties the list afterwards.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const loose = [...event.dataTransfer.files].map((file) => ({ file, path: file.name }));
    const named = entries.length ? (await Promise.all(entries.map((entry) => filesBelow(entry)))).flat() : loose;
    await take(named);
  });
}
