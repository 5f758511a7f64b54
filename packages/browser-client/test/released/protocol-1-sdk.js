// @paxyo/browser-client as it was with revision 0 of protocol 1, built from commit 4b77452 by
//   npx esbuild packages/browser-client/src/index.ts --bundle --format=esm --target=es2022 --charset=utf8 --outfile=…
// Pages in the field run this: never edit it. Today's gateway is tested with it.

// packages/browser-client/src/client-error.ts
var ClientError = class extends Error {
  name = "ClientError";
  code;
  /** Whether the client has given up. Everything else is tried again. */
  final;
  constructor(code, message, options = {}) {
    super(message, options);
    this.code = code;
    this.final = options.final ?? false;
  }
};

// packages/browser-client/src/back-off.ts
var STEP_MS = 1e3;
var RETRY_DELAY_MS_MAX = 3e4;
function backOffMs(failures, random) {
  return Math.floor(random * Math.min(RETRY_DELAY_MS_MAX, STEP_MS * 2 ** failures));
}

// packages/browser-client/src/connection-state.ts
var TOKEN_TIMEOUT_MS = 3e4;
var JOIN_TIMEOUT_MS = 2e4;
var STABLE_MS = 1e4;
var TOKEN_LEFT_MS_MIN = 2e3;
var RENEWAL_DELAY_MS_MIN = 1e3;
var DRAIN_MS_MAX = 6e5;
function initialState(canRenew, token) {
  return {
    phase: "idle",
    failures: 0,
    canRenew,
    token,
    tokenReason: token === void 0 ? "initial" : "expired",
    timerAtMs: void 0,
    renewAtMs: void 0,
    renewalFailures: 0,
    liveSinceMs: 0,
    drainedUntilMs: void 0,
    error: void 0
  };
}
function transition(state, input, surroundings) {
  const cell = TRANSITIONS[state.phase][input.type];
  return cell(state, input, surroundings);
}
var CANCEL_TOKEN = { type: "cancel_token" };
var LET_GO = [{ type: "close_socket" }, CANCEL_TOKEN];
var stay = (state) => ({ state, effects: [] });
var keepToken = (state, { token }) => ({ state: withToken(state, token), effects: [] });
var begin = (state, _input, { nowMs }) => {
  if (state.token !== void 0 && (!state.canRenew || nowMs < (state.token.expiresAtMs ?? Infinity) - TOKEN_LEFT_MS_MIN)) {
    return open(state, nowMs);
  }
  return {
    state: inPhase(state, "getting_token", nowMs + TOKEN_TIMEOUT_MS),
    effects: [{ type: "get_token", reason: state.tokenReason }]
  };
};
var connectWith = (state, { token }, { nowMs }) => open(withToken(state, token), nowMs);
var sayHello = (state) => ({
  state: inPhase(state, "joining", state.timerAtMs),
  effects: [{ type: "send_hello", token: state.token.value }]
});
var goLive = (state, _input, { nowMs }) => ({
  state: {
    ...inPhase(state, "live"),
    error: void 0,
    drainedUntilMs: void 0,
    liveSinceMs: nowMs,
    renewalFailures: 0,
    renewAtMs: renewalMs(state, nowMs)
  },
  effects: []
});
var renew = (state, _input, { nowMs }) => ({
  state: { ...inPhase(state, "renewing", nowMs + TOKEN_TIMEOUT_MS), renewAtMs: void 0 },
  effects: [{ type: "get_token", reason: "expiring" }]
});
var renewIfDue = (state, input, surroundings) => surroundings.nowMs >= (state.renewAtMs ?? Infinity) ? renew(state, input, surroundings) : stay(state, input, surroundings);
var renewed = (state, { token }, { nowMs }) => {
  const next = withToken(inPhase(state, "live"), token);
  return {
    state: { ...next, renewalFailures: 0, renewAtMs: renewalMs(next, nowMs) },
    effects: [{ type: "send_refresh", token: token.value }]
  };
};
var renewalFailed = (state, _input, { nowMs, random }) => ({
  state: {
    ...inPhase(state, "live"),
    renewalFailures: state.renewalFailures + 1,
    renewAtMs: nowMs + RENEWAL_DELAY_MS_MIN + backOffMs(state.renewalFailures, random)
  },
  effects: [CANCEL_TOKEN]
});
var noteDrain = (state, { retryAfterMs }, { nowMs }) => ({
  state: { ...state, drainedUntilMs: nowMs + Math.min(retryAfterMs, DRAIN_MS_MAX) },
  effects: []
});
var retry = (state, input, surroundings) => {
  const { nowMs, random, isOnline: isOnline2 } = surroundings;
  const error = state.canRenew || input.error.code !== "token_expired" ? input.error : noMoreTokens(input.error);
  if (error.final) return fail(state, { error }, surroundings);
  const wasStable = isLive(state) && nowMs - state.liveSinceMs >= STABLE_MS;
  const failures = wasStable ? 0 : state.failures;
  const delayMs = state.drainedUntilMs === void 0 ? backOffMs(failures, random) : Math.max(state.drainedUntilMs - nowMs, 0);
  return {
    state: {
      ...disconnected(state, isOnline2 ? "waiting" : "offline", nowMs + delayMs),
      token: error.code === "token_expired" ? void 0 : state.token,
      failures: failures + 1,
      error
    },
    effects: LET_GO
  };
};
var retryBecause = (code, message) => (state, _input, surroundings) => retry(state, { error: new ClientError(code, message) }, surroundings);
var tokenTookTooLong = retryBecause("token_failed", "no token in time");
var joinTookTooLong = retryBecause("timeout", "no welcome in time");
var goOffline = (state, _input, { nowMs }) => ({
  state: {
    ...disconnected(state, "offline", nowMs + RETRY_DELAY_MS_MAX),
    error: new ClientError("offline", "there is no network")
  },
  effects: LET_GO
});
var retrySoon = (state, _input, { nowMs, random }) => {
  const soonMs = nowMs + backOffMs(0, random);
  return { state: inPhase(state, "waiting", Math.min(soonMs, state.timerAtMs ?? soonMs)), effects: [] };
};
var fail = (state, { error }) => ({
  state: { ...disconnected(state, "closed"), token: void 0, error },
  effects: LET_GO
});
var suspend = (state) => ({
  state: { ...disconnected(state, "idle"), failures: 0 },
  effects: LET_GO
});
var TRANSITIONS = {
  idle: {
    start: begin,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: stay,
    renew: stay,
    online: stay,
    offline: stay,
    woke: stay,
    suspend: stay,
    fail
  },
  getting_token: {
    start: stay,
    token: connectWith,
    token_failed: retry,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: tokenTookTooLong,
    renew: stay,
    online: stay,
    // The page may get its token from a service worker; if not, the request fails soon.
    offline: stay,
    woke: stay,
    suspend,
    fail
  },
  connecting: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: sayHello,
    welcome: stay,
    drain: stay,
    lost: retry,
    timer: joinTookTooLong,
    renew: stay,
    online: stay,
    offline: goOffline,
    woke: stay,
    suspend,
    fail
  },
  joining: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: goLive,
    drain: noteDrain,
    lost: retry,
    timer: joinTookTooLong,
    renew: stay,
    online: stay,
    offline: goOffline,
    woke: stay,
    suspend,
    fail
  },
  live: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: noteDrain,
    lost: retry,
    timer: stay,
    renew,
    online: stay,
    offline: goOffline,
    woke: renewIfDue,
    suspend,
    fail
  },
  renewing: {
    start: stay,
    token: renewed,
    token_failed: (state, { error }, surroundings) => error.final ? fail(state, { error }, surroundings) : renewalFailed(state, void 0, surroundings),
    opened: stay,
    welcome: stay,
    drain: noteDrain,
    lost: retry,
    timer: renewalFailed,
    renew: stay,
    online: stay,
    offline: goOffline,
    woke: stay,
    suspend,
    fail
  },
  waiting: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: begin,
    renew: stay,
    online: retrySoon,
    offline: goOffline,
    woke: retrySoon,
    suspend,
    fail
  },
  offline: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: begin,
    renew: stay,
    online: retrySoon,
    offline: stay,
    woke: (state, input, surroundings) => (surroundings.isOnline ? retrySoon : stay)(state, input, surroundings),
    suspend,
    fail
  },
  closed: {
    start: stay,
    token: stay,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: stay,
    renew: stay,
    online: stay,
    offline: stay,
    woke: stay,
    suspend: stay,
    fail: stay
  }
};
function isLive({ phase }) {
  return phase === "live" || phase === "renewing";
}
function open(state, nowMs) {
  return { state: inPhase(state, "connecting", nowMs + JOIN_TIMEOUT_MS), effects: [{ type: "open_socket" }] };
}
function inPhase(state, phase, timerAtMs) {
  return { ...state, phase, timerAtMs };
}
function disconnected(state, phase, timerAtMs) {
  return { ...inPhase(state, phase, timerAtMs), renewAtMs: void 0, drainedUntilMs: void 0 };
}
function withToken(state, token) {
  return { ...state, token, tokenReason: "expired" };
}
function renewalMs({ token, canRenew }, nowMs) {
  if (!canRenew || token?.renewAtMs === void 0) return void 0;
  return Math.max(token.renewAtMs, nowMs + RENEWAL_DELAY_MS_MIN);
}
function noMoreTokens(cause) {
  return new ClientError("token_expired", "the token has expired, and there is no getToken", { cause, final: true });
}

// packages/browser-client/src/link-check.ts
var SECOND_LOOK_MS = 2e3;
function checkLink({ heardAtMs, silenceMsMax, suspectedAtMs }, nowMs) {
  const silentMs = Math.abs(nowMs - heardAtMs);
  if (silentMs < silenceMsMax) return { verdict: "alive", checkInMs: silenceMsMax - silentMs };
  if (suspectedAtMs === void 0) return { verdict: "suspect", checkInMs: SECOND_LOOK_MS };
  const leftMs = SECOND_LOOK_MS - Math.abs(nowMs - suspectedAtMs);
  return leftMs > 0 ? { verdict: "suspect", checkInMs: leftMs } : { verdict: "dead" };
}

// packages/browser-client/src/page.ts
function followPage(handlers) {
  const abort = new AbortController();
  const listen = (target, type, listener) => target?.addEventListener?.(type, listener, { signal: abort.signal });
  const { window: page, document: content } = globalThis;
  listen(page, "online", handlers.online);
  listen(page, "offline", handlers.offline);
  listen(page, "pagehide", handlers.suspend);
  listen(page, "pageshow", handlers.resume);
  listen(content, "freeze", handlers.suspend);
  listen(content, "resume", handlers.resume);
  listen(content, "visibilitychange", () => content.visibilityState === "visible" && handlers.woke());
  return () => abort.abort();
}
function isPageHidden() {
  return globalThis.document?.visibilityState === "hidden";
}
function isOnline() {
  return navigator.onLine ?? true;
}

// packages/browser-client/src/token.ts
var RENEW_BEFORE_MS_MAX = 6e4;
var RENEW_BEFORE_SHARE = 0.2;
function readToken(value, receivedAtMs) {
  const { sub, exp, iat } = readClaims(value);
  const userId = typeof sub === "string" ? sub : void 0;
  const expiresAtMs = typeof exp !== "number" ? 0 : typeof iat === "number" ? receivedAtMs + (exp - iat) * 1e3 : exp * 1e3;
  if (expiresAtMs <= receivedAtMs) return { value, expiresAtMs: void 0, renewAtMs: void 0, userId };
  const renewBeforeMs = Math.min(RENEW_BEFORE_MS_MAX, (expiresAtMs - receivedAtMs) * RENEW_BEFORE_SHARE);
  return { value, expiresAtMs, renewAtMs: expiresAtMs - renewBeforeMs, userId };
}
function readClaims(value) {
  try {
    const binary = atob(value.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return { ...JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return {};
  }
}

// packages/browser-client/src/wire.ts
var PROTOCOL = 1;
function readMessage(data) {
  try {
    const message = JSON.parse(data);
    const hasSeq = message.type === "event" || message.type === "welcome";
    return hasSeq && !Number.isSafeInteger(message.seq) ? void 0 : message;
  } catch {
    return void 0;
  }
}

// packages/browser-client/src/connection.ts
var TIMER_MS_MAX = 2 ** 31 - 1;
var SLACK_MS = 5e3;
function createConnection(deps) {
  const firstToken = deps.token === void 0 ? void 0 : readToken(deps.token, Date.now());
  let state = initialState(deps.getToken !== void 0, firstToken);
  const inputs = [];
  let isBusy = false;
  const timers = /* @__PURE__ */ new Map();
  let tokenRequest;
  let socket;
  let saidPosition;
  let serverError;
  let heardAtMs = 0;
  let suspectedAtMs;
  let silenceMsMax = 0;
  function input(next) {
    inputs.push(next);
    if (isBusy) return;
    isBusy = true;
    try {
      while (inputs.length > 0) step(inputs.shift());
    } finally {
      isBusy = false;
    }
  }
  function step(next) {
    const before = state;
    const surroundings = { nowMs: Date.now(), random: Math.random(), isOnline: isOnline() };
    const { state: after, effects } = transition(before, next, surroundings);
    state = after;
    for (const effect of effects) carryOut(effect);
    setTimer("timer", state.timerAtMs, () => input({ type: "timer" }));
    setTimer("renew", state.renewAtMs, () => input({ type: "renew" }));
    if (state !== before) deps.onState();
  }
  function carryOut(effect) {
    switch (effect.type) {
      case "get_token":
        return void getToken(effect.reason);
      case "cancel_token":
        tokenRequest?.abort();
        tokenRequest = void 0;
        return;
      case "open_socket":
        return openSocket();
      case "close_socket": {
        const closing = socket;
        socket = void 0;
        setTimer("link", void 0, checkSilence);
        return closing?.close();
      }
      case "send_hello": {
        const { token } = effect;
        const resume = saidPosition = deps.position();
        return send(resume === void 0 ? { type: "hello", token } : { type: "hello", token, resume });
      }
      case "send_refresh":
        send({ type: "refresh", token: effect.token });
    }
  }
  async function getToken(reason) {
    const request = tokenRequest = new AbortController();
    let next;
    try {
      const value = await deps.getToken({ reason, signal: request.signal });
      if (typeof value !== "string" || value === "") throw new TypeError("no string");
      next = { type: "token", token: readToken(value, Date.now()) };
    } catch (cause) {
      const isFinal = cause instanceof ClientError && cause.final;
      const error = isFinal ? cause : new ClientError("token_failed", `getToken failed: ${String(cause)}`, { cause });
      next = { type: "token_failed", error };
    }
    if (tokenRequest !== request) return;
    tokenRequest = void 0;
    if (next.type === "token") deps.onIdentity(next.token.userId);
    input(next);
  }
  function openSocket() {
    let opened;
    try {
      opened = socket = new WebSocket(deps.url);
    } catch (cause) {
      return fail2("url_refused", `the browser refuses ${deps.url}`, cause);
    }
    serverError = void 0;
    const isCurrent = () => socket === opened;
    opened.addEventListener("open", () => isCurrent() && input({ type: "opened" }));
    opened.addEventListener("message", ({ data }) => isCurrent() && receive(data));
    opened.addEventListener("close", (event) => isCurrent() && lost(toError(event, serverError)));
  }
  function receive(data) {
    heardAtMs = Date.now();
    suspectedAtMs = void 0;
    const message = readMessage(data);
    switch (message?.type) {
      case void 0:
        return lost(new ClientError("bad_message", "a message could not be read"));
      case "ping":
        send({ type: "pong" });
        return deps.onPing();
      case "welcome":
        return welcome(message);
      case "event":
        return deps.onEvent(message);
      case "drain":
        return input({ type: "drain", retryAfterMs: message.retryAfterMs });
      case "error":
        serverError = message.message;
    }
  }
  function welcome(message) {
    const { protocol, pingIntervalMs } = message;
    if (protocol !== PROTOCOL) return fail2("protocol_version", `protocol ${protocol} is not known here`);
    const refusal = deps.onWelcome(message, saidPosition);
    if (refusal !== void 0) return input({ type: "fail", error: refusal });
    silenceMsMax = 2 * pingIntervalMs + SLACK_MS;
    checkSilence();
    input({ type: "welcome" });
  }
  function checkSilence() {
    const nowMs = Date.now();
    const judged = checkLink({ heardAtMs, silenceMsMax, suspectedAtMs }, nowMs);
    if (judged.verdict === "dead") return lost(new ClientError("link_dead", "the server is silent"));
    if (judged.verdict === "suspect") suspectedAtMs ??= nowMs;
    setTimer("link", nowMs + judged.checkInMs, checkSilence);
  }
  function lost(error) {
    input({ type: "lost", error });
  }
  function fail2(code, message, cause) {
    input({ type: "fail", error: new ClientError(code, message, { cause, final: true }) });
  }
  function send(message) {
    if (socket?.readyState === 1) socket.send(JSON.stringify(message));
  }
  function setTimer(name, atMs, onDue) {
    const present = timers.get(name);
    if (present?.atMs === atMs) return;
    clearTimeout(present?.id);
    timers.delete(name);
    if (atMs === void 0) return;
    const delayMs = atMs - Date.now();
    const fire = () => {
      timers.delete(name);
      if (delayMs > TIMER_MS_MAX) setTimer(name, atMs, onDue);
      else onDue();
    };
    timers.set(name, { atMs, id: setTimeout(fire, Math.min(delayMs, TIMER_MS_MAX)) });
  }
  return {
    get state() {
      return state;
    },
    input,
    woke() {
      input({ type: "woke" });
      if (timers.has("link")) checkSilence();
    }
  };
}
function toError({ code, reason }, message = `the connection was closed (${code})`) {
  return new ClientError(reason || "connection_lost", message, { final: code >= 4500 && code <= 4999 });
}

// packages/browser-client/src/listeners.ts
var QUEUE_MAX = 1e3;
var Listeners = class {
  #byType = /* @__PURE__ */ new Map();
  #loops = /* @__PURE__ */ new Set();
  #ended;
  on(type, listener, signal) {
    const entry = { listener };
    const entries = this.#byType.get(type) ?? /* @__PURE__ */ new Set();
    this.#byType.set(type, entries);
    const remove = () => void entries.delete(entry);
    if (signal?.aborted === true) return remove;
    entries.add(entry);
    signal?.addEventListener("abort", remove, { once: true });
    return remove;
  }
  /** A listener that throws is reported and harms nobody else; one that is added meanwhile hears the next event first. */
  emit(event) {
    const entries = this.#byType.get(event.type);
    for (const entry of Array.from(entries ?? [])) {
      if (entries?.has(entry) !== true) continue;
      try {
        entry.listener(event);
      } catch (error) {
        report(error);
      }
    }
    for (const push of this.#loops) push(event);
  }
  /** Ends all loops, with the error when there is one. */
  end(error) {
    this.#ended = { error };
    for (const push of this.#loops) push();
  }
  /** Begins to listen when the first event is asked for, which a loop does at once. */
  async *iterate() {
    const queue = [];
    let wake = () => void 0;
    const push = (event) => {
      if (event !== void 0 && queue.length <= QUEUE_MAX) queue.push(event);
      wake();
    };
    this.#loops.add(push);
    try {
      for (; ; ) {
        if (queue.length > QUEUE_MAX) throw new ClientError("slow_consumer", "the loop fell too far behind");
        const event = queue.shift();
        if (event !== void 0) yield event;
        else if (this.#ended === void 0) await new Promise((resolve) => wake = resolve);
        else if (this.#ended.error === void 0) return;
        else throw this.#ended.error;
      }
    } finally {
      this.#loops.delete(push);
    }
  }
};
function report(error) {
  setTimeout(() => {
    throw error;
  });
}

// packages/browser-client/src/saved-position.ts
function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
function savePosition(storage, url, userId, position) {
  try {
    storage.setItem(toKey(url, userId), JSON.stringify(position));
  } catch {
  }
}
function loadPosition(storage, url, userId) {
  try {
    const { epoch, seq } = JSON.parse(storage.getItem(toKey(url, userId)));
    if (typeof epoch !== "string" || !Number.isSafeInteger(seq)) return void 0;
    return { epoch, seq };
  } catch {
    return void 0;
  }
}
function toKey(url, userId) {
  return `paxyo ${url} ${userId}`;
}

// packages/browser-client/src/stream.ts
var RECENT_MAX = 256;
var Stream = class {
  #deps;
  #position;
  /** The last events, without gaps, up to the position. */
  #recent = [];
  constructor(deps, position) {
    this.#deps = deps;
    this.#position = position;
  }
  get position() {
    return this.#position;
  }
  /** Begins somewhere without being told what came before. */
  begin(position) {
    this.#position ??= position;
  }
  offer(epoch, event) {
    const last = this.#position;
    if (last?.epoch !== epoch) return "foreign";
    if (event.seq <= last.seq) return "known";
    if (event.seq > last.seq + 1) return "gap";
    this.#position = { epoch, seq: event.seq };
    this.#recent.push(event);
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
    this.#deps.onEvent(event);
    return "next";
  }
  replace(snapshot) {
    this.#position = snapshot.position;
    this.#recent = [];
    this.#deps.onSnapshot(snapshot);
  }
  /** @returns what came after a position, or undefined when that is not known here. */
  since({ epoch, seq }) {
    const last = this.#position;
    if (last?.epoch !== epoch || seq < last.seq - this.#recent.length) return void 0;
    return this.#recent.filter((event) => event.seq > seq);
  }
};

// packages/browser-client/src/tabs.ts
var ANSWER_TIMEOUT_MS = 1e3;
var UNANSWERED_MAX = 2;
var SILENCE_MS_MAX = 65e3;
function canShare() {
  return typeof BroadcastChannel === "function" && navigator.locks !== void 0;
}
function createTabs({ name, stream, connection, ownStatus, onState }) {
  const id = crypto.randomUUID();
  let channel;
  let candidacy;
  let release;
  let isLeader = false;
  let followed;
  let unanswered = 0;
  let patience;
  let wasLive = false;
  function join() {
    connection.input({ type: "suspend" });
    channel = new BroadcastChannel(name);
    channel.addEventListener("message", ({ data }) => hear(data));
    compete();
    ask();
  }
  function leave() {
    clearTimeout(patience);
    candidacy?.abort();
    candidacy = followed = void 0;
    isLeader = false;
    release?.();
    channel?.close();
    channel = void 0;
  }
  function compete(steal = false) {
    candidacy?.abort();
    const mine = candidacy = new AbortController();
    const lead = () => candidacy === mine ? new Promise(beginToLead) : void 0;
    navigator.locks.request(name, steal ? { steal } : { signal: mine.signal }, lead).catch((error) => {
      if (candidacy !== mine) return;
      isLeader = false;
      if (error.name === "AbortError") {
        compete();
        ask();
      } else {
        leave();
        connection.input({ type: "start" });
      }
    });
  }
  function beginToLead(letGo) {
    clearTimeout(patience);
    release = letGo;
    isLeader = true;
    followed = void 0;
    connection.input({ type: "start" });
    tellState();
    onState();
  }
  function follow(status) {
    const { error } = status;
    followed = { ...status, error: error && new ClientError(error.code, error.message) };
    connection.input({ type: "suspend" });
    onState();
  }
  function ask() {
    if (isLeader) return;
    waitFor(ANSWER_TIMEOUT_MS);
    tell({ kind: "ask", from: id, position: stream.position });
  }
  function waitFor(timeoutMs) {
    clearTimeout(patience);
    patience = setTimeout(() => {
      unanswered += 1;
      if (unanswered > UNANSWERED_MAX) compete(true);
      else ask();
    }, timeoutMs);
  }
  function heardLeader() {
    unanswered = 0;
    waitFor(SILENCE_MS_MAX);
  }
  function hear(message) {
    switch (message.kind) {
      case "event": {
        const placement = stream.offer(message.epoch, message.event);
        if (placement !== "next" && placement !== "known" && followed !== void 0) ask();
        return;
      }
      case "snapshot": {
        const { snapshot } = message;
        if (stream.position?.epoch !== snapshot.position.epoch && !isLive(connection.state)) stream.replace(snapshot);
        return;
      }
      case "ask":
        if (isLeader) answer(message.from, message.position);
        return;
      case "state":
        if (!isLeader) hearState(message);
        return;
      case "answer":
        if (!isLeader && message.to === id) hearAnswer(message);
    }
  }
  function hearState({ status, head, isHidden }) {
    heardLeader();
    const { position } = stream;
    if (status.state === "live") {
      const isBehind = position?.epoch !== head.epoch || position.seq < head.seq;
      return isBehind ? ask() : follow(status);
    }
    if (isLive(connection.state)) return;
    if (isHidden && !isPageHidden()) compete(true);
    else follow(status);
  }
  function hearAnswer({ events, status, head }) {
    heardLeader();
    if (events === void 0) {
      followed = void 0;
      return connection.input({ type: "start" });
    }
    for (const event of events) stream.offer(head.epoch, event);
    follow(status);
  }
  function answer(to, position) {
    if (!isLive(connection.state)) return tellState();
    tell({ kind: "answer", to, events: position && stream.since(position), ...leaderState() });
  }
  function tellState() {
    if (isLeader) tell({ kind: "state", isHidden: isPageHidden(), ...leaderState() });
  }
  function leaderState() {
    const status = ownStatus();
    const { error } = status;
    const plain = error && { code: error.code, message: error.message };
    return { status: { ...status, error: plain }, head: stream.position };
  }
  function tell(message) {
    channel?.postMessage(message);
  }
  return {
    get followed() {
      return followed;
    },
    join,
    leave,
    woke() {
      if (channel !== void 0) ask();
    },
    connectionChanged() {
      const wasLiveBefore = wasLive;
      wasLive = isLive(connection.state);
      if (connection.state.phase === "closed") leave();
      else if (isLeader) tellState();
      else if (wasLive && !wasLiveBefore && channel !== void 0) ask();
    },
    tellState,
    tellEvent(epoch, event) {
      if (isLeader) tell({ kind: "event", epoch, event });
    },
    tellSnapshot(snapshot) {
      if (isLeader) tell({ kind: "snapshot", snapshot });
    }
  };
}

// packages/browser-client/src/client.ts
function connect(options) {
  const { token, getToken, signal } = options;
  if (token === void 0 && getToken === void 0) throw new TypeError("token or getToken is needed");
  const url = toSocketUrl(options.url);
  const listeners = new Listeners();
  const { storage = options.resumeOverReload === true ? tabStorage() : null } = options;
  let status = { state: "connecting", sinceMs: Date.now() };
  let userId;
  let tabs;
  let wasLive = false;
  let isSuspended = false;
  let epoch = "";
  const isClosed = () => status.state === "closed";
  const told = () => {
    if (storage !== null && userId !== void 0) savePosition(storage, url, userId, stream.position);
  };
  const stream = new Stream(
    {
      onSnapshot(snapshot) {
        if (isClosed()) return;
        listeners.emit({ type: "snapshot", ...snapshot });
        told();
      },
      onEvent(event) {
        if (isClosed()) return;
        emit(listeners, event);
        told();
      }
    },
    options.position
  );
  const connection = createConnection({
    url,
    token,
    getToken,
    position: () => stream.position,
    onIdentity: identify,
    onWelcome: begin2,
    onEvent(event) {
      const placement = stream.offer(epoch, event);
      if (placement === "next") tabs?.tellEvent(epoch, event);
      else if (placement !== "known") {
        connection.input({ type: "lost", error: new ClientError("gap", `events are missing before ${event.seq}`) });
      }
    },
    onPing: () => tabs?.tellState(),
    onState: showState
  });
  function begin2(welcome, said) {
    const { account, orders = [], seq } = welcome;
    if (userId !== void 0 && welcome.userId !== userId) {
      return new ClientError("wrong_user", `the token is not that of ${userId}`, { final: true });
    }
    epoch = welcome.epoch;
    const now = stream.position;
    const isOld = now?.epoch === epoch && now.seq > seq && !(said?.epoch === epoch && said.seq > seq);
    if (welcome.mode === "resumed" || isOld) return void 0;
    const snapshot = { position: { epoch, seq }, account, orders };
    stream.replace(snapshot);
    tabs?.tellSnapshot(snapshot);
    return void 0;
  }
  function identify(newUserId) {
    if (userId !== void 0 || newUserId === void 0 || isClosed()) return;
    userId = newUserId;
    const saved = storage === null ? void 0 : loadPosition(storage, url, userId);
    if (saved !== void 0) stream.begin(saved);
    if (options.share === "none" || !canShare()) return;
    const name = `paxyo ${PROTOCOL} ${url} ${userId}`;
    tabs = createTabs({ name, stream, connection, ownStatus: () => toStatus(connection.state), onState: showState });
    tabs.join();
  }
  function showState() {
    tabs?.connectionChanged();
    const own = toStatus(connection.state);
    const next = own.state === "closed" ? own : tabs?.followed ?? own;
    const { retryAtMs, error } = next;
    const state = wasLive && next.state === "connecting" ? "reconnecting" : next.state;
    wasLive ||= state === "live";
    if (state === status.state && retryAtMs === status.retryAtMs && error?.code === status.error?.code) return;
    status = { state, sinceMs: state === status.state ? status.sinceMs : Date.now(), retryAtMs, error };
    listeners.emit({ type: "status", status });
    if (!isClosed()) return;
    unfollow();
    listeners.end(error);
  }
  const close = () => connection.input({ type: "fail", error: void 0 });
  const start = () => tabs === void 0 ? connection.input({ type: "start" }) : tabs.join();
  const unfollow = followPage({
    online: () => connection.input({ type: "online" }),
    offline: () => connection.input({ type: "offline" }),
    woke() {
      connection.woke();
      tabs?.woke();
    },
    suspend() {
      isSuspended = true;
      tabs?.leave();
      connection.input({ type: "suspend" });
    },
    resume() {
      if (isSuspended) start();
      isSuspended = false;
    }
  });
  queueMicrotask(() => {
    signal?.addEventListener("abort", close, { once: true });
    if (signal?.aborted === true) close();
    identify(options.userId ?? connection.state.token?.userId);
    if (tabs === void 0) start();
  });
  return {
    on: (type, listener, { signal: until } = {}) => listeners.on(type, listener, until),
    get status() {
      return status;
    },
    get position() {
      return stream.position;
    },
    close,
    [Symbol.asyncIterator]: () => listeners.iterate()
  };
}
function emit(listeners, event) {
  const { seq, at, account } = event;
  if (event.event !== "account.updated") {
    const { order } = event;
    const refund = event.event === "order.updated" ? event.refund : void 0;
    listeners.emit({ type: "order", event: event.event, order, seq, at, refund, account });
    if (refund !== void 0) listeners.emit({ type: "refund", refund, order, seq, at });
  }
  listeners.emit({ type: "account", account, seq });
}
function toSocketUrl(url) {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, "ws");
  absolute.hash = "";
  if (!/^wss?:$/.test(absolute.protocol)) throw new TypeError(`${absolute.href} is no WebSocket's address`);
  return absolute.href;
}
function toStatus(own) {
  const { phase, timerAtMs, error } = own;
  return {
    state: phase === "offline" || phase === "closed" ? phase : isLive(own) ? "live" : "connecting",
    sinceMs: 0,
    retryAtMs: phase === "waiting" || phase === "offline" ? timerAtMs : void 0,
    error
  };
}
export {
  ClientError,
  connect
};
