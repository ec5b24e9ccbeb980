// Looks at pages that cnnc serves as a person would, and fails where one complains, asks anybody else for anything,
// is wider than a phone, or does not do what it offers.
//
//   node live.mjs CHROMIUM [--shots FOLDER] run ADDRESS      a run that goes on: it is watched, then stopped
//   node live.mjs CHROMIUM [--shots FOLDER] list ADDRESS     all runs of a folder, of which two at least are sound
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Browser } from "./chromium.mjs";
import { click, fitsPhone, switches } from "./phone.mjs";

const [program, ...words] = process.argv.slice(2);
const shots = words[0] === "--shots" ? words.splice(0, 2)[1] : null;
const [what, address] = words;
const PATIENCE_MS = 60_000;
const browser = Browser.start(program);

const saver = (tab, name) => async (kind, width) => {
  if (shots) writeFileSync(join(shots, `${name}-${kind}`), await tab.screenshotOfAll(width));
};

// Waits until an expression is true of the page.
async function until(tab, expression) {
  const begun = Date.now();
  while (!(await tab.value(expression).catch(() => false))) {
    assert.ok(Date.now() - begun < PATIENCE_MS, `it never came to that: ${expression}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const pictures = async (tab, save) => {
  for (const scheme of ["dark", "light"]) {
    await tab.size(1280);
    await tab.prefer(scheme);
    await tab.value("new Promise((done) => setTimeout(done, 300))");
    await save(`1280-${scheme}.png`, 1280);
  }
  await tab.size(1280);
  assert.ok((await tab.value("document.documentElement.scrollWidth")) <= 1280);
};

function complainsOfNothing(tab) {
  assert.deepEqual(tab.complaints, [], "the console is empty");
  const { origin } = new URL(address);
  const others = tab.requests.filter((asked) => !asked.startsWith(origin) && !asked.startsWith("data:"));
  assert.deepEqual(others, [], "nobody else is asked");
  assert.ok(tab.requests.length > 1 && tab.requests.every((asked) => asked.includes("token=")));
}

async function run() {
  const tab = await browser.open(address, 1280);
  const points = () => tab.value(`Number(document.querySelector("#run-gauge").getAttribute("aria-valuenow")) >= 0
    ? document.querySelector("#best small").textContent.match(/\\d+/)?.[0] ?? "0" : "0"`).then(Number);
  await until(tab, `document.querySelectorAll("#plots canvas").length >= 2`);
  const before = await points();
  await until(tab, `Number(document.querySelector("#best small").textContent.match(/\\d+/)[0]) > ${before + 2}`);
  assert.ok((await points()) > before, "curves grow");
  await until(tab, `document.querySelector("#contact").naturalWidth > 0`);
  for (const id of ["rate", "elapsed", "left", "waited", "loss"]) {
    assert.match(await tab.value(`document.querySelector("#${id} b").textContent`), /\d/, id);
  }
  const save = saver(tab, "live");
  await fitsPhone(tab, save);
  await pictures(tab, save);
  await switches(tab);
  // whoever comes late, or again, is told all epochs
  await tab.load(address);
  await until(tab, `Number(document.querySelector("#best small").textContent.match(/\\d+/)[0]) > ${before}`);
  assert.equal(await tab.value("document.querySelectorAll('#plots h4')[0].textContent"), "loss");
  await click(tab, "#stop");
  // the report of the run takes its place
  await until(tab, `!!document.querySelector("#quality")`);
  assert.match(await tab.value(`document.querySelector(".status").innerText`), /interrupted/);
  await saver(tab, "ended")("1280.png", 1280);
  complainsOfNothing(tab);
}

async function list() {
  const tab = await browser.open(address, 1280);
  const save = saver(tab, "list");
  const rows = "[...document.querySelectorAll('#list tbody tr')]";
  const column = (at) => tab.value(`${rows}.map((row) => row.cells[${at}]?.innerText)`);
  await click(tab, "#list thead th:nth-child(2) button");
  const names = await column(1);
  assert.deepEqual(names, [...names].sort(), "sorted by name");
  await click(tab, "#list thead th:nth-child(2) button");
  assert.deepEqual(await column(1), names.toReversed());
  const boxes = await tab.value("document.querySelectorAll('#list input').length");
  for (let at = 0; at < Math.min(boxes, 3); at++) {
    await tab.value(`document.querySelectorAll('#list input')[${at}].click()`);
  }
  await until(tab, `document.querySelectorAll("#legend li").length === ${Math.min(boxes, 3)}`);
  await until(tab, `document.querySelectorAll("#plots canvas").length >= 2`);
  assert.ok((await tab.value("document.querySelectorAll('#results tbody tr').length")) >= 4);
  assert.ok((await tab.value("document.querySelectorAll('#settings tbody tr').length")) >= 1, "a setting differs");
  assert.equal(await tab.value("document.querySelectorAll('#pairs tbody tr').length"), Math.min(boxes, 3) - 1);
  await fitsPhone(tab, save);
  await pictures(tab, save);
  await switches(tab);
  const report = await tab.value("document.querySelector('#list a.report').href");
  await tab.load(report);
  await until(tab, `!!document.querySelector("#quality")`);
  complainsOfNothing(tab);
}

try {
  await { run, list }[what]();
  console.log(`${what}: sound`);
} catch (error) {
  console.error(error.stack);
  process.exitCode = 1;
} finally {
  await browser.end();
}
