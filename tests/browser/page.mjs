// Opens pages of runs as a person would, and fails where one complains, asks for anything, is wider than a phone,
// or does not do what it offers.
//
//   node page.mjs CHROMIUM [--shots FOLDER] PAGE.html…
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Browser } from "./chromium.mjs";
import { fitsPhone, switches } from "./phone.mjs";

const [program, ...words] = process.argv.slice(2);
const shots = words[0] === "--shots" ? words.splice(0, 2)[1] : null;
const browser = Browser.start(program);

const save = async (tab, name, width) => {
  if (shots) writeFileSync(join(shots, name), await tab.screenshotOfAll(width));
};

async function hover(tab) {
  if (!(await tab.value(`!!document.querySelector("#matrix")`))) return;
  const { x, y } = await tab.place("#matrix .hit rect, #matrix .miss rect");
  await tab.mouse("mouseMoved", x, y);
  const told = await tab.value(`document.querySelector("#cell").innerText`);
  assert.match(told, /, .+: \d+ .*\d+/, "the cell tells its counts");
}

async function zoom(tab) {
  const epochs = await tab.value("JSON.parse(document.querySelector('#facts').textContent).curves.epochs.length");
  assert.equal(await tab.value("document.querySelectorAll('#plots .uplot').length > 0"), epochs > 0);
  if (epochs < 4) return;
  const { x, y, width } = await tab.place("#plots .u-over");
  await tab.mouse("mouseMoved", x, y);
  await tab.mouse("mousePressed", x, y, 1);
  await tab.mouse("mouseMoved", x + width * 0.2, y, 1);
  await tab.mouse("mouseMoved", x + width * 0.45, y, 1);
  await tab.mouse("mouseReleased", x + width * 0.45, y);
  await tab.value("new Promise((done) => setTimeout(done, 100))");
  assert.ok(Number(await tab.value("document.querySelector('#from').value")) > 1, "the range is that of the zoom");
  await tab.value(`(() => {
    const smooth = document.querySelector("#smooth");
    smooth.value = 0.6;
    smooth.dispatchEvent(new Event("input"));
    document.querySelector("#log").click();
    document.querySelector("#whole").click();
  })()`);
  assert.equal(Number(await tab.value("document.querySelector('#from').value")), 1);
}

async function sorts(tab) {
  await tab.value("document.querySelectorAll('table.sortable thead th').forEach((heading) => heading.click())");
}

try {
  for (const page of words) {
    const url = pathToFileURL(resolve(page)).href;
    const name = basename(resolve(page, ".."));
    try {
      const tab = await browser.open(url, 390);
      await fitsPhone(tab, (kind, width) => save(tab, `${name}-${kind}`, width));
      for (const scheme of ["dark", "light"]) {
        await tab.size(1280);
        await tab.prefer(scheme);
        await tab.load(url);
        await save(tab, `${name}-1280-${scheme}.png`, 1280);
      }
      await tab.size(1280);
      await switches(tab);
      await hover(tab);
      await zoom(tab);
      await sorts(tab);
      assert.ok((await tab.value("document.documentElement.scrollWidth")) <= 1280);
      assert.deepEqual(tab.complaints, [], "the console is empty");
      const asked = tab.requests.filter((asked) => asked !== url && !asked.startsWith("data:"));
      assert.deepEqual(asked, [], "nothing is asked for");
    } catch (error) {
      throw new Error(`${page}: ${error.message}`, { cause: error });
    }
    console.log(`${page}: sound`);
  }
} catch (error) {
  console.error(error.stack);
  process.exitCode = 1;
} finally {
  await browser.end();
}
