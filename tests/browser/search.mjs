// Opens pages of searches as a person would, and fails where one complains, asks for anything, is wider than a phone,
// or does not do what it offers.
//
//   node search.mjs CHROMIUM [--shots FOLDER] ADDRESS…
//   node search.mjs CHROMIUM [--shots FOLDER] --live ADDRESS     a search that goes on: it is watched, then stopped
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Browser } from "./chromium.mjs";
import { click, fitsPhone, switches } from "./phone.mjs";

const [program, ...words] = process.argv.slice(2);
const shots = words[0] === "--shots" ? words.splice(0, 2)[1] : null;
const PATIENCE_MS = 60_000;
const browser = Browser.start(program);

const save = async (tab, name, width) => {
  if (shots) writeFileSync(join(shots, name), await tab.screenshotOfAll(width));
};
const count = (tab, selector) => tab.value(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
const told = (tab) => tab.value(`document.querySelector("#pointed").hidden ? "" : document.querySelector("#pointed").textContent`);

// All pictures show the trials with a value, and light up the one that is pointed at.
async function points(tab) {
  const trials = await count(tab, "#all-trials td[data-key]:nth-child(3):not([data-key=''])");
  assert.equal(await count(tab, "#parallel svg > g:not(.axes):not(.above) > path"), trials);
  if (trials === 0) return;
  assert.ok((await count(tab, "#history circle")) > 0 && (await count(tab, "#curves path, #curves circle")) > 0);
  const { x, y } = await tab.place("#history svg > g:not(.axes):not(.above) > circle");
  await tab.mouse("mouseMoved", x, y);
  assert.match(await told(tab), /^trial \d+: .+ after epoch \d+ of \d+; .+/);
  for (const chart of ["parallel", "history", "curves"]) assert.ok((await count(tab, `#${chart} .above *`)) > 0, chart);
  assert.equal(await count(tab, "#trials tr.lit"), 1);
  await tab.mouse("mouseMoved", 2, 2);
  assert.equal(await told(tab), "");
  // what is clicked stays
  await click(tab, "#all-trials tbody tr:first-child td:nth-child(2)");
  await tab.mouse("mouseMoved", 2, 2);
  assert.match(await told(tab), /^trial \d+: /);
  await tab.value(`dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }))`);
  assert.equal(await told(tab), "");
}

// A range on the axis of the objective leaves trials out everywhere.
async function keeps(tab) {
  const lines = () => count(tab, "#parallel svg > g:not(.axes):not(.above) > path");
  const all = await lines();
  if (all < 4) return;
  await tab.place("#parallel");
  const { x, y, width, height } = await tab.value(`(() => {
    const axes = document.querySelectorAll("#parallel .hit");
    const { x, y, width, height } = axes[axes.length - 1].getBoundingClientRect();
    return { x, y, width, height };
  })()`);
  const middle = x + width / 2;
  await tab.mouse("mouseMoved", middle, y + 12);
  await tab.mouse("mousePressed", middle, y + 12, 1);
  await tab.mouse("mouseMoved", middle, y + height * 0.2, 1);
  await tab.mouse("mouseMoved", middle, y + height * 0.4, 1);
  await tab.mouse("mouseReleased", middle, y + height * 0.4);
  const kept = await lines();
  assert.ok(kept > 0 && kept < all, `${kept} of ${all}`);
  assert.match(await tab.value(`document.querySelector("#how-many").textContent`), new RegExp(`^${kept} of ${all} `));
  await click(tab, "#all");
  assert.equal(await lines(), all);
  await tab.value(`(() => {
    const most = document.querySelector("#most");
    most.value = 2;
    most.dispatchEvent(new Event("input"));
    document.querySelector("#log").click();
  })()`);
  assert.equal(await lines(), 2);
  await click(tab, "#all");
}

// A heading sorts the table, numbers as numbers, and turns the order.
async function sorts(tab) {
  if ((await count(tab, "#all-trials")) === 0) return;
  const column = () => tab.value(`[...document.querySelectorAll("#all-trials tbody tr")].map((row) => Number(row.cells[1].textContent))`);
  await click(tab, "#all-trials thead th:nth-child(2) button");
  const up = await column();
  assert.deepEqual(up, [...up].sort((a, b) => a - b));
  await click(tab, "#all-trials thead th:nth-child(2) button");
  assert.deepEqual(await column(), up.toReversed());
  await tab.value("document.querySelectorAll('#all-trials .sort').forEach((heading) => heading.click())");
}

async function looks([at, url]) {
  try {
    const tab = await browser.open(url, 390);
    await fitsPhone(tab, (kind, width) => save(tab, `${at}-${kind}`, width));
    for (const scheme of ["dark", "light"]) {
      await tab.size(1280);
      await tab.prefer(scheme);
      await tab.load(url);
      await save(tab, `${at}-1280-${scheme}.png`, 1280);
    }
    await tab.size(1280);
    await switches(tab);
    await points(tab);
    await keeps(tab);
    await sorts(tab);
    assert.ok((await tab.value("document.documentElement.scrollWidth")) <= 1280);
    assert.deepEqual(tab.complaints, [], "the console is empty");
    const asked = tab.requests.filter((asked) => asked !== url && !asked.startsWith("data:"));
    assert.deepEqual(asked, [], "nothing is asked for");
  } catch (error) {
    throw new Error(`${url}: ${error.message}`, { cause: error });
  }
  console.log(`${at}: sound`);
}

// Waits until an expression is true of the page.
async function until(tab, expression) {
  const begun = Date.now();
  while (!(await tab.value(expression).catch(() => false))) {
    assert.ok(Date.now() - begun < PATIENCE_MS, `it never came to that: ${expression}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function watches(url) {
  const tab = await browser.open(url, 1280);
  const rows = "document.querySelectorAll('#all-trials tbody tr').length";
  await until(tab, `${rows} >= 3`);
  const before = await tab.value(rows);
  await until(tab, `${rows} > ${before} && document.querySelectorAll("#history circle").length > ${before}`);
  assert.ok((await count(tab, "#running .gauge")) > 0, "what runs is shown");
  assert.match(await tab.value(`document.querySelector("#whole p").textContent`), /\d+ of \d+/);
  assert.match(await tab.value(`document.querySelector("#elapsed b").textContent`), /\d/);
  // what was sorted stays sorted while it grows
  await click(tab, "#all-trials thead th:nth-child(2) button");
  const sorted = await tab.value(rows);
  await until(tab, `${rows} > ${sorted}`);
  assert.equal(await tab.value(`document.querySelector("#all-trials tbody tr").cells[1].textContent`), "1");
  const keep = (kind, width) => save(tab, `live-${kind}`, width);
  await fitsPhone(tab, keep);
  for (const scheme of ["dark", "light"]) {
    await tab.size(1280);
    await tab.prefer(scheme);
    await keep(`1280-${scheme}.png`, 1280);
  }
  await tab.size(1280);
  await switches(tab);
  await click(tab, "#stop");
  // the page of the search takes its place
  await until(tab, `/interrupted/.test(document.querySelector("#status").innerText) && !document.querySelector("#stop")`);
  await save(tab, "stopped-1280.png", 1280);
  assert.deepEqual(tab.complaints, [], "the console is empty");
  const { origin } = new URL(url);
  const others = tab.requests.filter((asked) => !asked.startsWith(origin) && !asked.startsWith("data:"));
  assert.deepEqual(others, [], "nobody else is asked");
  console.log("live: sound");
}

try {
  if (words[0] === "--live") await watches(words[1]);
  else for (const page of words.entries()) await looks(page);
} catch (error) {
  console.error(error.stack, error.cause?.stack);
  process.exitCode = 1;
} finally {
  await browser.end();
}
