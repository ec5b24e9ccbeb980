// Chromium over its debugging pipe: messages are JSON that end with a zero byte. Node alone is needed.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE_MS = 60_000;

export class Browser {
  static start(program) {
    const profile = mkdtempSync(join(tmpdir(), "cnnc-browser-"));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"];
    const process = spawn(program, [...flags, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    return new Browser(process, profile);
  }

  constructor(process, profile) {
    Object.assign(this, { process, profile, next: 1, waiting: new Map(), listeners: new Map() });
    let rest = "";
    process.stdio[4].on("data", (bytes) => {
      const parts = (rest + bytes).split("\0");
      rest = parts.pop();
      parts.forEach((part) => this.take(JSON.parse(part)));
    });
  }

  take(message) {
    if (message.id) {
      const { done, fail } = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      return message.error ? fail(new Error(message.error.message)) : done(message.result);
    }
    this.listeners.get(message.sessionId)?.(message.method, message.params);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.next++;
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`no answer to ${method}`)), PATIENCE_MS);
      this.waiting.set(id, {
        done: (result) => (clearTimeout(late), done(result)),
        fail: (error) => (clearTimeout(late), fail(error)),
      });
      this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    });
  }

  async open(url, width) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, sessionId);
    this.listeners.set(sessionId, (method, params) => tab.hear(method, params));
    for (const domain of ["Page", "Network", "Runtime", "Log"]) await tab.send(`${domain}.enable`);
    await tab.size(width);
    // only what is in front is drawn
    await tab.send("Page.bringToFront");
    await tab.load(url);
    return tab;
  }

  async end() {
    const gone = new Promise((done) => this.process.once("exit", done));
    await this.send("Browser.close").catch(() => this.process.kill());
    await gone;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Tab {
  constructor(browser, session) {
    Object.assign(this, { browser, session, requests: [], complaints: [], loaded: () => {} });
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  hear(method, params) {
    if (method === "Page.loadEventFired") this.loaded();
    if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
    if (method === "Runtime.exceptionThrown") {
      const { text, exception } = params.exceptionDetails;
      this.complaints.push(exception?.description ?? text);
    }
    if (method === "Log.entryAdded" && params.entry.level === "error") this.complaints.push(params.entry.text);
    if (method === "Runtime.consoleAPICalled" && params.type === "error") {
      this.complaints.push(params.args.map((value) => value.value ?? value.description).join(" "));
    }
  }

  async load(url) {
    const loaded = new Promise((done) => (this.loaded = done));
    await this.send("Page.navigate", { url });
    await loaded;
  }

  async value(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression, returnByValue: true, awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  }

  mouse(type, x, y, buttons = 0) {
    const button = type === "mouseMoved" && !buttons ? "none" : "left";
    return this.send("Input.dispatchMouseEvent", { type, x, y, button, buttons, clickCount: 1 });
  }

  // The middle of the first element that a selector finds, once it is seen.
  place(selector) {
    return this.value(`(() => {
      const found = document.querySelector(${JSON.stringify(selector)});
      found.scrollIntoView({ block: "center", behavior: "instant" });
      const { x, y, width, height } = found.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2, width, height };
    })()`);
  }

  size(width, height = 844) {
    return this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 500 });
  }

  prefer(scheme) {
    return this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  }

  // A picture of the page from its top to its end.
  async screenshotOfAll(width) {
    await this.size(width, Math.min(await this.value("document.documentElement.scrollHeight"), 12000));
    const shot = await this.send("Page.captureScreenshot", { format: "png" });
    return Buffer.from(shot.data, "base64");
  }
}
