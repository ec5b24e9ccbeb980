// What every page must do: fit a phone in both languages and both lights, and turn them by its buttons.
import assert from "node:assert/strict";

// Fails where something is wider than a phone; `save` is given a picture of each.
export async function fitsPhone(tab, save) {
  await tab.size(390);
  for (const scheme of ["light", "dark"]) {
    await tab.prefer(scheme);
    for (const language of ["en", "ko"]) {
      await tab.value(`document.documentElement.lang = "${language}"`);
      const wide = await tab.value(`[...document.querySelectorAll("body *")].filter((part) =>
        part.getBoundingClientRect().right > 391 && !part.closest(".wide, .drawing, svg, .code")).map((part) =>
        part.tagName + "." + part.className).slice(0, 5)`);
      assert.ok((await tab.value("document.documentElement.scrollWidth")) <= 390, `wider than a phone: ${wide}`);
      await save(`390-${scheme}-${language}.png`, 390);
    }
  }
  await tab.prefer("light");
  await tab.value(`document.documentElement.lang = "en"`);
}

export async function click(tab, selector) {
  const { x, y } = await tab.place(selector);
  await tab.mouse("mousePressed", x, y, 1);
  await tab.mouse("mouseReleased", x, y);
}

// Light and language are turned by the page's own buttons, and back.
export async function switches(tab) {
  const paper = () => tab.value("getComputedStyle(document.body).backgroundColor");
  const light = await paper();
  await click(tab, "#theme");
  assert.notEqual(await paper(), light, "dark is another colour");
  await click(tab, "#theme");
  assert.equal(await paper(), light);
  const language = await tab.value("document.documentElement.lang");
  await click(tab, "#language");
  assert.notEqual(await tab.value("document.documentElement.lang"), language);
  const headings = await tab.value(`[...document.querySelectorAll("h1, h2")].map((heading) => heading.innerText).join(" ")`);
  assert.equal(/[가-힣]/.test(headings), language === "en", headings);
  await click(tab, "#language");
}
