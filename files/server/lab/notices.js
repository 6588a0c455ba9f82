// Tells people in JupyterLab before their server or a kernel is ended, and lets them keep it.
//
// An extension as JupyterLab loads it, without a build: a container of module federation that shares nothing.
// It uses the lab's commands alone, so no version of the lab's own packages is asked for. `server_use.py` answers
// in the server, and decides what counts as use.
// @ts-check
(() => {
  /** @typedef {{what: string, left: number, notice: number, id: string, name: string}} End */
  /** @typedef {{again: number, ends: End[]}} State */
  /** @typedef {{message: string, label: string, kernels: string[]}} Notice */
  /** @typedef {{baseUrl: string, token: string, init: RequestInit, fetch: typeof fetch}} Server */
  /** @typedef {{addCommand(id: string, how: object): unknown, execute(id: string, args: object): Promise<any>,
      hasCommand(id: string): boolean}} Commands */

  const KEEP = "server-use:keep";
  const MARK = /^\((?:stops in \d+ min|stops soon|stopped)\) /;
  // What the hub answers in the place of a server that does not run.
  const NOT_RUNNING = [424, 503];
  const UNKNOWN = 30;
  const LONGEST = 60;

  /** @param {number} seconds */
  const span = (seconds) => {
    if (seconds < 30) return "at any moment";
    const minutes = Math.max(1, Math.round(seconds / 60));
    return `in about ${minutes === 1 ? "a minute" : `${minutes} minutes`}`;
  };

  /** @param {string} name */
  const short = (name) => (name.length > LONGEST ? `…${name.slice(1 - LONGEST)}` : name);

  /** @type {Record<string, (end: End) => Notice>} */
  const WORDS = {
    idle: (end) => ({
      message:
        `Nobody uses this server. It will be stopped ${span(end.left)}. ` +
        "Your files are kept; what only the memory of a notebook holds is lost.",
      label: "Keep my server",
      kernels: [],
    }),
    age: (end) => ({
      message:
        `This server has nearly reached its longest time and will be stopped ${span(end.left)}, used or not. ` +
        "Save your work: your files are kept, and you can start again at once.",
      label: "",
      kernels: [],
    }),
    kernel: (end) => ({
      message:
        `The kernel of ${short(end.name)} is idle and open in no page. It ends ${span(end.left)}; ` +
        "its variables are lost, the file is kept.",
      label: "Keep the kernel",
      kernels: [end.id],
    }),
  };

  /** @type {Record<string, string>} */
  const STOPPED = {
    idle: "Your server was stopped for being idle. Your files are kept: start it again.",
    age: "Your server was stopped because it had reached its longest time. Your files are kept: start it again.",
  };

  /** What is to be told now. @param {State} state @returns {Map<string, End>} */
  const due = (state) => {
    const near = state.ends.filter((end) => end.left <= end.notice);
    // With the server its kernels end too: one notice is enough.
    const whole = near.some((end) => end.what !== "kernel");
    return new Map(
      near.filter((end) => end.what !== "kernel" || !whole).map((end) => [end.what + end.id, end]),
    );
  };

  /** The page's title, by which a tab that nobody looks at is seen. @param {string} title @param {End[]} ends */
  const titled = (title, ends) => {
    const plain = title.replace(MARK, "");
    const left = Math.min(...ends.filter((end) => end.what !== "kernel").map((end) => end.left));
    if (left === Infinity) return plain;
    return `(stops ${left < 30 ? "soon" : `in ${Math.max(1, Math.round(left / 60))} min`}) ${plain}`;
  };

  class Watch {
    /** @param {Commands} commands @param {Server} server @param {Document} page */
    constructor(commands, server, page) {
      this.commands = commands;
      this.server = server;
      this.page = page;
      // To open the page is to act, too.
      this.acted = true;
      this.looking = false;
      this.more = false;
      /** @type {string[]} */ this.kept = [];
      /** @type {Map<string, string>} */ this.shown = new Map();
      /** @type {End[]} */ this.ends = [];
      this.timer = 0;
    }

    start() {
      this.commands.addCommand(KEEP, {
        label: "Keep my server",
        execute: (/** @type {{kernels?: string[]}} */ args) => this.keep(args.kernels ?? []),
      });
      for (const act of ["pointerdown", "keydown", "wheel", "touchstart"]) {
        this.page.addEventListener(act, () => this.act(), { capture: true, passive: true });
      }
      this.page.addEventListener("visibilitychange", () => void (this.page.hidden || this.look()));
      return this.look();
    }

    act() {
      this.acted = true;
      // Whoever is told and comes back sees at once that this was enough.
      if (this.ends.some((end) => end.what === "idle")) void this.look();
    }

    /** @param {string[]} kernels */
    async keep(kernels) {
      this.acted = true;
      this.kept.push(...kernels);
      await this.look();
    }

    async look() {
      if (this.looking) {
        this.more = true;
        return;
      }
      this.looking = true;
      let again = UNKNOWN;
      const acted = this.acted;
      const kernels = this.kept;
      try {
        this.acted = false;
        this.kept = [];
        const answer = await this.ask(acted, kernels);
        if (answer.ok) {
          const state = await answer.json();
          again = state.again;
          await this.tell(state);
        } else {
          this.acted = acted;
          this.kept = kernels;
          // In the place of a server the hub refuses whatever is posted (403), and answers who only asks.
          const asked = acted ? await this.ask(false, []) : answer;
          if (NOT_RUNNING.includes(asked.status)) await this.stopped();
        }
      } catch (error) {
        // No network, mostly: JupyterLab says so itself.
        console.debug("server-use", error);
        this.acted = acted;
        this.kept = kernels;
      } finally {
        this.looking = false;
        clearTimeout(this.timer);
        this.timer = Number(setTimeout(() => this.look(), this.more ? 0 : 1000 * again));
        this.more = false;
      }
    }

    /** @param {boolean} acted @param {string[]} kernels */
    ask(acted, kernels) {
      const xsrf = /(?:^|; *)_xsrf=([^;]*)/.exec(this.page.cookie);
      // Taken out first: a browser's fetch refuses to be called as somebody's method.
      const { baseUrl, token, init, fetch } = this.server;
      /** @type {Record<string, string>} */
      const headers = { Accept: "application/json", "Content-Type": "application/json" };
      if (token) headers["Authorization"] = `token ${token}`;
      if (xsrf?.[1]) headers["X-XSRFToken"] = xsrf[1];
      return fetch(`${baseUrl}server-use`, {
        ...init,
        cache: "no-store",
        headers,
        ...(acted ? { method: "POST", body: JSON.stringify({ kernels }) } : { method: "GET" }),
      });
    }

    /** @param {State} state */
    async tell(state) {
      const now = due(state);
      for (const [key, id] of this.shown) {
        if (!now.has(key)) {
          this.shown.delete(key);
          await this.command("apputils:dismiss-notification", { id });
        }
      }
      this.ends = [...now.values()];
      this.page.title = titled(this.page.title, this.ends);
      for (const [key, end] of now) await this.show(key, end);
    }

    /** @param {string} key @param {End} end */
    async show(key, end) {
      const { message, label, kernels } = WORDS[end.what]?.(end) ?? { message: "", label: "", kernels: [] };
      if (!message) return;
      const actions = label ? [{ label, commandId: KEEP, args: { kernels }, displayType: "accent" }] : [];
      const how = { autoClose: false, actions };
      const id = this.shown.get(key);
      if (id) await this.command("apputils:update-notification", { id, message, type: "warning", ...how });
      else this.shown.set(key, await this.command("apputils:notify", { message, type: "warning", options: how }));
    }

    async stopped() {
      const why = this.ends.find((end) => STOPPED[end.what]);
      if (!why) return;
      await this.tell({ again: UNKNOWN, ends: [] });
      this.page.title = `(stopped) ${this.page.title}`;
      const said = { message: STOPPED[why.what], type: "error", options: { autoClose: false } };
      // It goes when the server is there again.
      this.shown.set("stopped", await this.command("apputils:notify", said));
    }

    /** A lab without notifications has the title still. @param {string} id @param {object} args */
    async command(id, args) {
      return this.commands.hasCommand(id) ? this.commands.execute(id, args) : "";
    }
  }

  const plugin = {
    id: "server-use:notices",
    description: "Says before a server or a kernel is ended for being idle or old.",
    autoStart: true,
    activate: (/** @type {any} */ app) =>
      void new Watch(app.commands, app.serviceManager.serverSettings, document).start(),
  };
  /** @type {Record<string, object>} */
  const modules = { "./extension": { __esModule: true, default: plugin }, "./parts": { due, span, titled, Watch } };
  const all = /** @type {any} */ (globalThis);
  all._JUPYTERLAB = all._JUPYTERLAB ?? {};
  all._JUPYTERLAB["server-use"] = {
    init: () => undefined,
    get: async (/** @type {string} */ name) => () => modules[name],
  };
})();
