// @paxyo/browser-client as it was with revision 2 of protocol 1, built from commit 2976452 by
//   npx esbuild packages/browser-client/src/index.ts --bundle --format=esm --target=es2022 --charset=utf8 --outfile=…
// Pages in the field run this: never edit it. Today's gateway is tested with it.

// packages/contracts/src/data/close-codes.ts
function isReconnectable(code) {
  return code < 4500 || code > 4999;
}

// packages/contracts/src/data/protocol-version.ts
var PROTOCOL_VERSION = 1;

// packages/contracts/src/data/wire-limits.ts
var DRAIN_MS_MAX = 6e5;

// packages/browser-client/src/client-error.ts
var ClientError = class extends Error {
  name = "ClientError";
  code;
  /** Whether the client has given up. It retries after all other errors. */
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
function transition(state, input, context) {
  const cell = TRANSITIONS[state.phase][input.type];
  return cell(state, input, context);
}
var CANCEL_TOKEN = { type: "cancel_token" };
var RELEASE = [{ type: "close_socket" }, CANCEL_TOKEN];
var ignore = (state) => ({ state, effects: [] });
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
var sendHello = (state) => ({
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
var renewIfDue = (state, input, context) => context.nowMs >= (state.renewAtMs ?? Infinity) ? renew(state, input, context) : ignore(state, input, context);
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
var retry = (state, input, context) => {
  const { nowMs, random, isOnline: isOnline2 } = context;
  const error = state.canRenew || input.error.code !== "token_expired" ? input.error : noMoreTokens(input.error);
  if (error.final) return fail(state, { error }, context);
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
    effects: RELEASE
  };
};
var retryBecause = (code, message) => (state, _input, context) => retry(state, { error: new ClientError(code, message) }, context);
var tokenTookTooLong = retryBecause("token_failed", "no token in time");
var joinTookTooLong = retryBecause("timeout", "no welcome in time");
var goOffline = (state, _input, { nowMs }) => ({
  state: {
    ...disconnected(state, "offline", nowMs + RETRY_DELAY_MS_MAX),
    error: new ClientError("offline", "there is no network")
  },
  effects: RELEASE
});
var retrySoon = (state, _input, { nowMs, random }) => {
  const soonMs = nowMs + backOffMs(0, random);
  return { state: inPhase(state, "waiting", Math.min(soonMs, state.timerAtMs ?? soonMs)), effects: [] };
};
var fail = (state, { error }) => ({
  state: { ...disconnected(state, "closed"), token: void 0, error },
  effects: RELEASE
});
var suspend = (state) => ({
  state: { ...disconnected(state, "idle"), failures: 0 },
  effects: RELEASE
});
var TRANSITIONS = {
  idle: {
    start: begin,
    token: keepToken,
    token_failed: ignore,
    opened: ignore,
    welcome: ignore,
    drain: ignore,
    lost: ignore,
    timer: ignore,
    renew: ignore,
    online: ignore,
    offline: ignore,
    woke: ignore,
    suspend: ignore,
    fail
  },
  getting_token: {
    start: ignore,
    token: connectWith,
    token_failed: retry,
    opened: ignore,
    welcome: ignore,
    drain: ignore,
    lost: ignore,
    timer: tokenTookTooLong,
    renew: ignore,
    online: ignore,
    // The page may get its token from a service worker; if not, the request fails soon.
    offline: ignore,
    woke: ignore,
    suspend,
    fail
  },
  connecting: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    opened: sendHello,
    welcome: ignore,
    drain: ignore,
    lost: retry,
    timer: joinTookTooLong,
    renew: ignore,
    online: ignore,
    offline: goOffline,
    woke: ignore,
    suspend,
    fail
  },
  joining: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    opened: ignore,
    welcome: goLive,
    drain: noteDrain,
    lost: retry,
    timer: joinTookTooLong,
    renew: ignore,
    online: ignore,
    offline: goOffline,
    woke: ignore,
    suspend,
    fail
  },
  live: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    opened: ignore,
    welcome: ignore,
    drain: noteDrain,
    lost: retry,
    timer: ignore,
    renew,
    online: ignore,
    offline: goOffline,
    woke: renewIfDue,
    suspend,
    fail
  },
  renewing: {
    start: ignore,
    token: renewed,
    token_failed: (state, { error }, context) => error.final ? fail(state, { error }, context) : renewalFailed(state, void 0, context),
    opened: ignore,
    welcome: ignore,
    drain: noteDrain,
    lost: retry,
    timer: renewalFailed,
    renew: ignore,
    online: ignore,
    offline: goOffline,
    woke: ignore,
    suspend,
    fail
  },
  waiting: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    opened: ignore,
    welcome: ignore,
    drain: ignore,
    lost: ignore,
    timer: begin,
    renew: ignore,
    online: retrySoon,
    offline: goOffline,
    woke: retrySoon,
    suspend,
    fail
  },
  offline: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    opened: ignore,
    welcome: ignore,
    drain: ignore,
    lost: ignore,
    timer: begin,
    renew: ignore,
    online: retrySoon,
    offline: ignore,
    woke: (state, input, context) => (context.isOnline ? retrySoon : ignore)(state, input, context),
    suspend,
    fail
  },
  closed: {
    start: ignore,
    token: ignore,
    token_failed: ignore,
    opened: ignore,
    welcome: ignore,
    drain: ignore,
    lost: ignore,
    timer: ignore,
    renew: ignore,
    online: ignore,
    offline: ignore,
    woke: ignore,
    suspend: ignore,
    fail: ignore
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
function checkLink({ lastReceivedAtMs, silenceMsMax, suspectedAtMs }, nowMs) {
  const silentMs = Math.abs(nowMs - lastReceivedAtMs);
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
function readMessage(data) {
  try {
    const message = JSON.parse(data);
    const hasSeq = message.type === "event" || message.type === "welcome";
    return hasSeq && !Number.isSafeInteger(message.seq) ? void 0 : message;
  } catch {
    return void 0;
  }
}
var SUBJECTS = {
  "order.registered": "order",
  "order.updated": "order",
  "account.updated": "account"
};
var isKnownKind = ({ event }) => Object.hasOwn(SUBJECTS, event);
function isAboutOrder(event) {
  return isKnownKind(event) && SUBJECTS[event.event] === "order";
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
  let requestedPosition;
  let serverError;
  let lastReceivedAtMs = 0;
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
    const context = { nowMs: Date.now(), random: Math.random(), isOnline: isOnline() };
    const { state: after, effects } = transition(before, next, context);
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
        const resume = requestedPosition = deps.position();
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
      return fail2("url_rejected", `the browser rejects ${deps.url}`, cause);
    }
    serverError = void 0;
    const isCurrent = () => socket === opened;
    opened.addEventListener("open", () => isCurrent() && input({ type: "opened" }));
    opened.addEventListener("message", ({ data }) => isCurrent() && receive(data));
    opened.addEventListener("close", (event) => isCurrent() && lost(toError(event, serverError)));
  }
  function receive(data) {
    lastReceivedAtMs = Date.now();
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
    const { minProtocol = 1, pingIntervalMs } = message;
    if (PROTOCOL_VERSION < minProtocol) return fail2("protocol_version", `protocol ${PROTOCOL_VERSION} is not served`);
    const rejection = deps.onWelcome(message, requestedPosition);
    if (rejection !== void 0) return input({ type: "fail", error: rejection });
    silenceMsMax = 2 * pingIntervalMs + SLACK_MS;
    checkSilence();
    input({ type: "welcome" });
  }
  function checkSilence() {
    const nowMs = Date.now();
    const judged = checkLink({ lastReceivedAtMs, silenceMsMax, suspectedAtMs }, nowMs);
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
  return new ClientError(reason || "connection_lost", message, { final: !isReconnectable(code) });
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
  /**
   * An error in a listener is reported and does not affect the others. A listener added meanwhile gets the next event.
   */
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
  /** Starts to collect events when the first one is requested, which a loop does immediately. */
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
  /** Starts at a position without a snapshot. */
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
  /** @returns the events after a position, or undefined when they are no longer kept. */
  since({ epoch, seq }) {
    const last = this.#position;
    if (last?.epoch !== epoch || seq < last.seq - this.#recent.length) return void 0;
    return this.#recent.filter((event) => event.seq > seq);
  }
};

// packages/browser-client/src/tabs.ts
var RESPONSE_TIMEOUT_MS = 1e3;
var TIMEOUTS_MAX = 2;
var SILENCE_MS_MAX = 65e3;
function canShare() {
  return typeof BroadcastChannel === "function" && navigator.locks !== void 0;
}
function createTabs({ name, stream, connection, ownStatus, onState }) {
  const id = crypto.randomUUID();
  let channel;
  let lockRequest;
  let releaseLock;
  let isLeader = false;
  let followed;
  let timeouts = 0;
  let leaderTimeout;
  let wasLive = false;
  function join() {
    connection.input({ type: "suspend" });
    channel = new BroadcastChannel(name);
    channel.addEventListener("message", ({ data }) => onMessage(data));
    compete();
    requestEvents();
  }
  function leave() {
    clearTimeout(leaderTimeout);
    lockRequest?.abort();
    lockRequest = followed = void 0;
    isLeader = false;
    releaseLock?.();
    channel?.close();
    channel = void 0;
  }
  function compete(steal = false) {
    lockRequest?.abort();
    const mine = lockRequest = new AbortController();
    const lead = () => lockRequest === mine ? new Promise(beginToLead) : void 0;
    navigator.locks.request(name, steal ? { steal } : { signal: mine.signal }, lead).catch((error) => {
      if (lockRequest !== mine) return;
      isLeader = false;
      if (error.name === "AbortError") {
        compete();
        requestEvents();
      } else {
        leave();
        connection.input({ type: "start" });
      }
    });
  }
  function beginToLead(release) {
    clearTimeout(leaderTimeout);
    releaseLock = release;
    isLeader = true;
    followed = void 0;
    connection.input({ type: "start" });
    broadcastState();
    onState();
  }
  function follow(status) {
    const { error } = status;
    followed = { ...status, error: error && new ClientError(error.code, error.message) };
    connection.input({ type: "suspend" });
    onState();
  }
  function requestEvents() {
    if (isLeader) return;
    waitFor(RESPONSE_TIMEOUT_MS);
    broadcast({ kind: "request", from: id, position: stream.position });
  }
  function waitFor(timeoutMs) {
    clearTimeout(leaderTimeout);
    leaderTimeout = setTimeout(() => {
      timeouts += 1;
      if (timeouts > TIMEOUTS_MAX) compete(true);
      else requestEvents();
    }, timeoutMs);
  }
  function onLeaderMessage() {
    timeouts = 0;
    waitFor(SILENCE_MS_MAX);
  }
  function onMessage(message) {
    switch (message.kind) {
      case "event": {
        const placement = stream.offer(message.epoch, message.event);
        if (placement !== "next" && placement !== "known" && followed !== void 0) requestEvents();
        return;
      }
      case "snapshot": {
        const { snapshot } = message;
        if (stream.position?.epoch !== snapshot.position.epoch && !isLive(connection.state)) stream.replace(snapshot);
        return;
      }
      case "request":
        if (isLeader) respond(message.from, message.position);
        return;
      case "state":
        if (!isLeader) onLeaderState(message);
        return;
      case "response":
        if (!isLeader && message.to === id) onResponse(message);
    }
  }
  function onLeaderState({ status, head, isHidden }) {
    onLeaderMessage();
    const { position } = stream;
    if (status.state === "live") {
      const isBehind = position?.epoch !== head.epoch || position.seq < head.seq;
      return isBehind ? requestEvents() : follow(status);
    }
    if (isLive(connection.state)) return;
    if (isHidden && !isPageHidden()) compete(true);
    else follow(status);
  }
  function onResponse({ events, status, head }) {
    onLeaderMessage();
    if (events === void 0) {
      followed = void 0;
      return connection.input({ type: "start" });
    }
    for (const event of events) stream.offer(head.epoch, event);
    follow(status);
  }
  function respond(to, position) {
    if (!isLive(connection.state)) return broadcastState();
    broadcast({ kind: "response", to, events: position && stream.since(position), ...leaderState() });
  }
  function broadcastState() {
    if (isLeader) broadcast({ kind: "state", isHidden: isPageHidden(), ...leaderState() });
  }
  function leaderState() {
    const status = ownStatus();
    const { error } = status;
    const plain = error && { code: error.code, message: error.message };
    return { status: { ...status, error: plain }, head: stream.position };
  }
  function broadcast(message) {
    channel?.postMessage(message);
  }
  return {
    get followed() {
      return followed;
    },
    join,
    leave,
    woke() {
      if (channel !== void 0) requestEvents();
    },
    connectionChanged() {
      const wasLiveBefore = wasLive;
      wasLive = isLive(connection.state);
      if (connection.state.phase === "closed") leave();
      else if (isLeader) broadcastState();
      else if (wasLive && !wasLiveBefore && channel !== void 0) requestEvents();
    },
    broadcastState,
    broadcastEvent(epoch, event) {
      if (isLeader) broadcast({ kind: "event", epoch, event });
    },
    broadcastSnapshot(snapshot) {
      if (isLeader) broadcast({ kind: "snapshot", snapshot });
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
  const persistPosition = () => {
    if (storage !== null && userId !== void 0) savePosition(storage, url, userId, stream.position);
  };
  const stream = new Stream(
    {
      onSnapshot(snapshot) {
        if (isClosed()) return;
        listeners.emit({ type: "snapshot", ...snapshot });
        persistPosition();
      },
      onEvent(event) {
        if (isClosed()) return;
        emit(listeners, event);
        persistPosition();
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
      if (placement === "next") tabs?.broadcastEvent(epoch, event);
      else if (placement !== "known") {
        connection.input({ type: "lost", error: new ClientError("gap", `events are missing before ${event.seq}`) });
      }
    },
    onPing: () => tabs?.broadcastState(),
    onState: showState
  });
  function begin2(welcome, requested) {
    const { account, orders = [], seq } = welcome;
    if (userId !== void 0 && welcome.userId !== userId) {
      return new ClientError("wrong_user", `the token is not that of ${userId}`, { final: true });
    }
    epoch = welcome.epoch;
    const now = stream.position;
    const isOld = now?.epoch === epoch && now.seq > seq && !(requested?.epoch === epoch && requested.seq > seq);
    if (welcome.mode === "resumed" || isOld) return void 0;
    const snapshot = { position: { epoch, seq }, account, orders };
    stream.replace(snapshot);
    tabs?.broadcastSnapshot(snapshot);
    return void 0;
  }
  function identify(newUserId) {
    if (userId !== void 0 || newUserId === void 0 || isClosed()) return;
    userId = newUserId;
    const saved = storage === null ? void 0 : loadPosition(storage, url, userId);
    if (saved !== void 0) stream.begin(saved);
    if (options.share === "none" || !canShare()) return;
    const name = `paxyo tabs ${PROTOCOL_VERSION} ${url} ${userId}`;
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
  if (isAboutOrder(event)) {
    const { order, refund } = event;
    listeners.emit({ type: "order", event: event.event, order, seq, at, refund, account: event.account });
    if (refund !== void 0) listeners.emit({ type: "refund", refund, order, seq, at });
  } else if (!isKnownKind(event)) listeners.emit({ type: "event", event: event.event, seq, at, account, data: event });
  if (account !== void 0) listeners.emit({ type: "account", account, seq });
}
function toSocketUrl(url) {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, "ws");
  absolute.hash = "";
  if (!/^wss?:$/.test(absolute.protocol)) throw new TypeError(`${absolute.href} is not a WebSocket URL`);
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
