// The lab's notices as a page runs them: a lab, a server and a clock that say what a test wants.
import assert from "node:assert/strict";
import test from "node:test";

await import("../../../files/server/lab/notices.js");
const container = globalThis._JUPYTERLAB["server-use"];
const { Watch, due, span, titled } = (await container.get("./parts"))();
const end = (what, left, more = {}) => ({ what, left, notice: 600, id: "", name: "", ...more });

/** A lab with a page before somebody, and a server that answers what it is told to. */
class Lab {
  constructor({ cookie = "", notifies = true } = {}) {
    this.state = { again: 30, ends: [] };
    this.status = 200;
    this.asked = [];
    this.shown = new Map();
    this.commands = {};
    const page = new EventTarget();
    this.page = Object.assign(page, { title: "a.ipynb", cookie, hidden: false });
    const known = (id) => notifies || !id.startsWith("apputils:");
    const commands = {
      addCommand: (id, how) => (this.commands[id] = how),
      hasCommand: known,
      execute: async (id, args) => this.run(id, args),
    };
    const lab = this;
    const server = { baseUrl: "http://hub/user/ada/", token: "", init: { credentials: "same-origin" } };
    server.fetch = async function (url, init) {
      // As a browser does it.
      assert.equal(this, undefined, "Illegal invocation");
      lab.asked.push({ url, ...init });
      if (lab.status === 0) throw new TypeError("Failed to fetch");
      // The hub, which is asked in the place of a stopped server, takes no post of another's page.
      const status = lab.refuses && init.method === "POST" ? 403 : lab.status;
      return { ok: status === 200, status, json: async () => lab.state };
    };
    this.watch = new Watch(commands, server, this.page);
  }

  run(id, args) {
    assert.match(id, /^apputils:/);
    if (id.endsWith("dismiss-notification")) return void this.shown.delete(args.id);
    const key = args.id ?? `notice-${this.shown.size}`;
    this.shown.set(key, { message: args.message, actions: (args.options ?? args).actions ?? [] });
    return key;
  }

  async look(...ends) {
    this.state = { again: 30, ends };
    await this.watch.look();
    clearTimeout(this.watch.timer);
  }

  async open(...ends) {
    this.state = { again: 30, ends };
    await this.watch.start();
    clearTimeout(this.watch.timer);
  }

  get said() {
    return [...this.shown.values()].map((one) => one.message);
  }
}

const settled = async (lab) => {
  await new Promise((then) => setTimeout(then, 5));
  clearTimeout(lab.watch.timer);
};

test("the container is what JupyterLab loads", async () => {
  await container.init({});
  const module = (await container.get("./extension"))();
  // JupyterLab takes the default of such modules alone.
  assert.ok(Object.hasOwn(module, "__esModule"));
  assert.equal(module.default.autoStart, true);
  assert.equal(typeof module.default.activate, "function");
});

test("nothing is said while there is time", async () => {
  const lab = new Lab();
  await lab.open(end("idle", 601), end("age", 5000));
  assert.deepEqual(lab.said, []);
  assert.equal(lab.page.title, "a.ipynb");
});

test("to look is a GET, and no use; to open the page is one", async () => {
  const lab = new Lab();
  await lab.open();
  await lab.look();
  assert.deepEqual(lab.asked.map((one) => one.method), ["POST", "GET"]);
});

test("an idle server is told of, with the time left in the title, once", async () => {
  const lab = new Lab();
  await lab.open(end("idle", 540));
  await lab.look(end("idle", 300));
  assert.equal(lab.said.length, 1);
  assert.match(lab.said[0], /Nobody uses this server\. It will be stopped in about 5 minutes\./);
  assert.equal(lab.page.title, "(stops in 5 min) a.ipynb");
});

test("the button keeps the server, and everything is as before", async () => {
  const lab = new Lab({ cookie: "a=1; _xsrf=2|abc; b=3" });
  await lab.open(end("idle", 300));
  const [{ actions }] = lab.shown.values();
  assert.deepEqual(actions.map((one) => one.label), ["Keep my server"]);
  lab.state = { again: 30, ends: [end("idle", 3600)] };
  await lab.commands[actions[0].commandId].execute(actions[0].args);
  clearTimeout(lab.watch.timer);
  const last = lab.asked.at(-1);
  assert.deepEqual([last.method, last.body], ["POST", '{"kernels":[]}']);
  assert.equal(last.headers["X-XSRFToken"], "2|abc");
  assert.deepEqual(lab.said, []);
  assert.equal(lab.page.title, "a.ipynb");
});

for (const act of ["pointerdown", "keydown", "wheel"]) {
  test(`${act} in a page that was told keeps the server at once`, async () => {
    const lab = new Lab();
    await lab.open();
    await lab.look(end("idle", 300));
    lab.state = { again: 30, ends: [] };
    lab.page.dispatchEvent(new Event(act));
    await settled(lab);
    assert.equal(lab.asked.at(-1).method, "POST");
    assert.deepEqual(lab.said, []);
  });
}

test("acts are told with the next look, and asked of nobody in between", async () => {
  const lab = new Lab();
  await lab.open();
  lab.page.dispatchEvent(new Event("keydown"));
  lab.page.dispatchEvent(new Event("keydown"));
  assert.equal(lab.asked.length, 1);
  await lab.look();
  assert.equal(lab.asked.at(-1).method, "POST");
});

test("an act is not lost when the server does not hear it", async () => {
  for (const status of [0, 500]) {
    const lab = new Lab();
    await lab.open();
    lab.page.dispatchEvent(new Event("keydown"));
    lab.status = status;
    await lab.look();
    lab.status = 200;
    await lab.look();
    assert.equal(lab.asked.at(-1).method, "POST");
  }
});

test("age has no button, for none would help", async () => {
  const lab = new Lab();
  await lab.open(end("age", 300));
  const [{ message, actions }] = lab.shown.values();
  assert.match(message, /in about 5 minutes, used or not\. Save your work/);
  assert.deepEqual(actions, []);
});

test("a kernel is told of by its file, and kept by its number; with the server it is not told of", async () => {
  const lab = new Lab();
  const kernel = end("kernel", 300, { id: "k1", name: "work/a.ipynb" });
  await lab.open(kernel);
  const [{ message, actions }] = lab.shown.values();
  assert.match(message, /The kernel of work\/a\.ipynb is idle and open in no page/);
  assert.equal(lab.page.title, "a.ipynb");
  lab.state = { again: 30, ends: [] };
  await lab.commands[actions[0].commandId].execute(actions[0].args);
  clearTimeout(lab.watch.timer);
  assert.equal(lab.asked.at(-1).body, '{"kernels":["k1"]}');
  assert.deepEqual([...due({ again: 1, ends: [kernel, end("idle", 300)] }).keys()], ["idle"]);
});

for (const [what, words] of [["idle", /for being idle/], ["age", /longest time/]]) {
  test(`a server that was stopped (${what}) is said to be, with the way back`, async () => {
    const lab = new Lab();
    await lab.open(end(what, 5));
    lab.status = 424;
    await lab.look();
    await lab.look();
    assert.equal(lab.said.length, 1);
    assert.match(lab.said[0], words);
    assert.match(lab.said[0], /files are kept/);
    assert.equal(lab.page.title, "(stopped) a.ipynb");
    lab.status = 200;
    await lab.look();
    assert.equal(lab.page.title, "a.ipynb");
    assert.deepEqual(lab.said, []);
  });
}

test("a server that was stopped is said to be to whoever comes back and types", async () => {
  const lab = new Lab();
  await lab.open(end("idle", 5));
  lab.page.dispatchEvent(new Event("keydown"));
  await settled(lab);
  await lab.look(end("idle", 5));
  lab.status = 424;
  lab.refuses = true;
  lab.watch.acted = true;
  await lab.look();
  assert.match(lab.said[0], /was stopped for being idle/);
});

test("a server that its owner stopped is left to the lab's own words", async () => {
  const lab = new Lab();
  await lab.open(end("idle", 3000));
  lab.status = 424;
  await lab.look();
  assert.deepEqual(lab.said, []);
  assert.equal(lab.page.title, "a.ipynb");
});

test("a lab without notifications has the title", async () => {
  const lab = new Lab({ notifies: false });
  await lab.open(end("idle", 300));
  assert.equal(lab.page.title, "(stops in 5 min) a.ipynb");
});

test("what the lab does with the title meanwhile stays", () => {
  assert.equal(titled("(stops in 5 min) b.ipynb", [end("idle", 70)]), "(stops in 1 min) b.ipynb");
  assert.equal(titled("c.ipynb", [end("idle", -3)]), "(stops soon) c.ipynb");
  assert.equal(titled("(stops soon) c.ipynb", []), "c.ipynb");
  assert.deepEqual([span(-5), span(61), span(599)], ["at any moment", "in about a minute", "in about 10 minutes"]);
});
