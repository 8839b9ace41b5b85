/** The page: its parts, and what passes between them. */

import { showAnswer } from "./answer.js";
import { Cards, showNothing } from "./cards.js";
import { byId, fillChoice, mark, show } from "./dom.js";
import { Filters } from "./filters.js";
import { followHands } from "./gestures.js";
import { History } from "./history.js";
import { openInstruments } from "./instruments.js";
import { openIntake } from "./intake.js";
import { openKeys } from "./keys.js";
import { download, labelsTable } from "./labels_csv.js";
import { MapPanel } from "./map_panel.js";
import { arrange, promoted } from "./order.js";
import { Pictures } from "./picture.js";
import { say, tell } from "./say.js";
import { Sender } from "./sender.js";
import { Service } from "./service.js";
import { listShortcuts } from "./shortcuts.js";
import { openTheme } from "./theme.js";
import { Thumbnails } from "./thumbnails.js";
import { askToken } from "./token.js";
import { VerdictForm } from "./verdict_form.js";
import { Viewer } from "./viewer.js";
import { count, shownThreshold } from "./words.js";
import { Worklist } from "./worklist.js";

const service = new Service(askToken);
const worklist = new Worklist();
const sender = new Sender(service, worklist);
const pictures = new Pictures(service, worklist);
const cards = new Cards(worklist, new Thumbnails(pictures));
const filters = new Filters();
const viewer = new Viewer(byId("canvas"));
const map = new MapPanel(service, worklist, viewer);
const verdicts = new VerdictForm(service, worklist);
const history = new History(service, worklist, (item) => {
  go("worklist");
  worklist.select(item);
});

let ordered = [];
let pending = false;
let opening = new AbortController();
let answered = "";

/** Tell whether the window shows the worklist or an image, not both; the style sheets have the same limit. */
const isNarrow = () => matchMedia("(max-width: 920px)").matches;

// ---- the worklist

/** From this number of images on the worklist is long. */
const MANY = 200;


function refresh() {
  if (pending) return;
  pending = true;
  // A long list that changes all the time is drawn a few times a second.
  const soon = worklist.items.length > MANY && sender.busy ? (draw) => setTimeout(draw, 250) : requestAnimationFrame;
  soon(() => {
    pending = false;
    const shown = worklist.items.filter((item) => filters.passes(item, worklist.outcome(item)));
    ordered = arrange(shown, worklist, filters.order);
    cards.show(ordered, filters.order.by === "priority" ? promoted(ordered, worklist) : new Set());
    tellCounts(shown.length);
    tellAnswer();
  });
}

function tellCounts(shown) {
  const all = worklist.items.length;
  const judged = worklist.items.filter((item) => worklist.outcome(item).verdict).length;
  byId("list-count").textContent = all === 0 ? "" : shown === all ? String(all) : `${shown} of ${all}`;
  const failed = worklist.items.filter((item) => worklist.outcome(item).state === "failed").length;
  byId("list-done").textContent = `${judged} of ${all} reviewed${failed ? ` · ${failed} not scored` : ""}`;
  for (const id of ["list", "find", "list-foot"]) show(byId(id), all > 0);
  byId("save-labels").disabled = judged === 0;
  show(byId("empty"), all === 0);
  show(byId("unchosen"), all > 0 && !worklist.selected);
  showNothing(all > 0 && shown === 0);
}

async function receive(items, left) {
  worklist.add(items);
  if (left) tell(`${count(left, "file")} of the folder ${left === 1 ? "is" : "are"} no image, and left out.`);
  if (!items.length) {
    if (!left) tell("There is no file in it.");
    return;
  }
  say(`${count(items.length, "image")} added`);
  if (!worklist.model) await openModels(); // the service could not be reached before
  else sender.send(items);
  if (!worklist.selected && (items.length === 1 || !isNarrow())) worklist.select(items[0]);
}

// ---- one image

function openImage() {
  const item = worklist.selected;
  opening.abort();
  document.body.dataset.reading = item ? "yes" : "no";
  for (const id of ["reading", "answer"]) show(byId(id), item !== null);
  if (!item) return;
  answered = "";
  byId("image-name").textContent = item.name;
  byId("image-name").title = item.path;
  viewer.show(null);
  cards.reveal(item);
  byId("answer").scrollTop = 0;
  tellAnswer();
  if (isNarrow()) scrollTo(0, 0);
  void openPicture(item);
}

async function openPicture(item) {
  opening = new AbortController();
  const { signal } = opening;
  const canvas = byId("canvas");
  canvas.setAttribute("aria-label", "The picture is being opened");
  note(worklist.outcome(item).state === "failed" ? "No picture" : "Opening the picture …");
  if (worklist.outcome(item).state === "failed" && !(await pictures.isLocal(item))) return;
  try {
    const picture = await pictures.open(item, signal);
    if (signal.aborted) return;
    viewer.show(picture);
    note("");
    canvas.setAttribute("aria-label", `Chest X-ray ${item.name}, ${picture.width} by ${picture.height} pixels`);
  } catch (error) {
    if (signal.aborted) return;
    note("No picture");
    canvas.setAttribute("aria-label", `No picture of ${item.name}: ${error.message}`);
  }
}

function note(text) {
  byId("stage-note").textContent = text;
  show(byId("stage-note"), text !== "");
  show(byId("corner-view"), text === "");
  byId("instruments").inert = text !== "";
}

/** Show the answer of the open image, unless it is the one that is shown. */
function tellAnswer() {
  const item = worklist.selected;
  if (!item || !worklist.model) return;
  const outcome = worklist.outcome(item);
  const place = ordered.indexOf(item);
  byId("position").textContent = place < 0 ? "" : `${place + 1} of ${ordered.length}`;
  byId("previous").disabled = place <= 0;
  byId("next").disabled = place >= ordered.length - 1;
  const now = JSON.stringify([item.key, worklist.model.name, outcome.state, outcome.result?.id, outcome.error, outcome.verdict]);
  if (now === answered) return;
  const fresh = !answered.startsWith(JSON.stringify([item.key, worklist.model.name, outcome.state]).slice(0, -1));
  answered = now;
  showAnswer(item, outcome, worklist.model, { again: () => sender.send([item]), remove: () => remove(item) });
  if (fresh) map.open();
  verdicts.open(item);
  if (fresh && outcome.state === "scored" && !viewer.picture) void openPicture(item);
}

/** Take an image off the worklist, and open the one beside it. */
function remove(item) {
  const place = ordered.indexOf(item);
  const beside = ordered[place + 1] ?? ordered[place - 1] ?? null;
  if (!isNarrow()) worklist.select(beside);
  worklist.remove(item);
}

function step(by) {
  if (!ordered.length) return;
  const place = worklist.selected ? ordered.indexOf(worklist.selected) + by : 0;
  if (ordered[place]) worklist.select(ordered[place]);
}

/** Open the next image that has no verdict; stay if there is none. */
function openNext(after) {
  const open = arrange(worklist.items, worklist, filters.order).find((item) => {
    const outcome = worklist.outcome(item);
    return item !== after && outcome.result && !outcome.verdict && filters.passes(item, outcome);
  });
  if (open) {
    worklist.select(open);
    byId("image-name").focus(); // keys speak to the page again, and no more to the form
  } else tell("Every image that is shown has a verdict.");
}

// ---- views, networks, help

function go(view) {
  document.body.dataset.view = view;
  for (const name of ["worklist", "history"]) {
    mark(byId(`to-${name}`), name === view ? "page" : null);
  }
  show(byId("work"), view === "worklist");
  show(byId("history"), view === "history");
  scrollTo(0, 0);
  if (view === "history") void history.load();
}

/** Learn which networks there are; the first is chosen, and gets the images that wait. */
async function openModels() {
  try {
    worklist.models = await service.models();
    if (worklist.model) return; // two requests were under way
  } catch (error) {
    byId("empty-network").textContent = error.message;
    tell(error.message);
    return;
  }
  const choice = byId("network");
  fillChoice(choice, worklist.models.map((model) => model.name));
  choice.disabled = worklist.models.length < 2;
  choice.parentElement.classList.toggle("single", worklist.models.length < 2);
  worklist.choose(worklist.models[0]);
  const client = await service.client().catch(() => null);
  show(byId("sign-out"), client !== null);
  byId("sign-out").title = `Sign out ${client}`;
}

/** Go back one step: from the history, from an image, or from the filters. */
function back() {
  if (document.body.dataset.view === "history") go("worklist");
  else if (worklist.selected && isNarrow()) closeImage();
  else if (!byId("filters").hidden) filters.toggle();
  else if (worklist.selected) cards.focus(worklist.selected);
}

/** Show the worklist again where there is no room for both. */
function closeImage() {
  const item = worklist.selected;
  worklist.select(null);
  cards.focus(item);
}

function saveLabels() {
  const { text, labels, unsure } = labelsTable(worklist);
  download(new Blob([text], { type: "text/csv" }), "labels.csv");
  tell(`${count(labels, "label")} saved${unsure ? `; ${count(unsure, "unsure verdict")} left out` : ""}.`);
}

function showProgress() {
  show(byId("sending"), sender.busy);
  const bar = byId("sending-bar");
  bar.max = Math.max(1, sender.total);
  bar.value = sender.done;
  const wait = sender.pausedFor ? ` · the service is busy, again in ${sender.pausedFor} s` : "";
  byId("sending-text").textContent = `${sender.done} of ${sender.total} scored${wait}`;
  if (sender.busy || !sender.total) return;
  const failed = worklist.items.filter((item) => worklist.outcome(item).state === "failed").length;
  say(`${count(sender.total, "image")} done${failed ? `, ${failed} in the worklist could not be scored` : ""}`);
}

worklist.addEventListener("change", refresh);
worklist.addEventListener("select", openImage);
worklist.addEventListener("model", () => {
  const { name, classes, positive, threshold, synthetic } = worklist.model;
  show(byId("notice-synthetic"), synthetic);
  byId("network").value = name;
  filters.offer(classes);
  byId("caption").textContent = positive ? `Score for ${positive}, threshold ${shownThreshold(threshold)}` : "Score for the class that is decided";
  byId("empty-network").textContent = `${name} decides between ${classes.slice(0, -1).join(", ")} and ${classes.at(-1)}.`;
  const unknown = worklist.items.filter((item) => worklist.outcome(item).state === "waiting");
  if (unknown.length) sender.send(unknown);
});
filters.addEventListener("change", refresh);
sender.addEventListener("progress", showProgress);
verdicts.addEventListener("saved", (event) => openNext(event.detail));

byId("network").addEventListener("change", (event) => {
  worklist.choose(worklist.models.find((model) => model.name === event.target.value));
});
byId("to-worklist").addEventListener("click", () => go("worklist"));
byId("to-history").addEventListener("click", () => go("history"));
byId("back").addEventListener("click", closeImage);
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("sending-stop").addEventListener("click", () => sender.stop());
byId("save-labels").addEventListener("click", saveLabels);
byId("help-open").addEventListener("click", () => byId("help").showModal());
byId("help-close").addEventListener("click", () => byId("help").close());
byId("sign-out").addEventListener("click", async () => {
  await service.signOut();
  location.reload();
});
byId("token-cancel").addEventListener("click", () => byId("token").close());

openIntake(receive);
openTheme();
openInstruments(viewer);
followHands(byId("canvas"), viewer);
openKeys(
  listShortcuts({ viewer, map, verdicts, filters, back, step, go, hasImages: () => worklist.items.length > 0, isOpen: () => worklist.selected !== null }),
  byId("canvas"),
);
setInterval(refresh, 30_000); // waiting images rise
addEventListener("beforeunload", (event) => {
  const begun = worklist.items.some((item) => worklist.outcome(item).draft?.verdict);
  if (sender.busy || begun) event.preventDefault();
});
await openModels();
