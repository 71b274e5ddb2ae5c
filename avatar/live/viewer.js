// Show a head that moves to its sound: reads the stream of avatar/live/web.py, draws with WebGL.
// Query: ?sound=off starts at once and stays silent; ?shot=SECONDS stops at that time of the stream (for pictures).

const VALUE_BYTES = 4, SAMPLE_BYTES = 2, HEADER_BYTES = 16;
const BUFFER_S = 0.12; // frames wait this long, so that the network may be late
const state = document.getElementById("state");
const query = new URLSearchParams(location.search);

// --- the head: a GLB with morph targets -------------------------------------------------------------

const ARRAYS = { 5121: Uint8Array, 5123: Uint16Array, 5125: Uint32Array, 5126: Float32Array };
const COLUMNS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 };

async function loadHead(url) {
  const data = await (await fetch(url)).arrayBuffer();
  const view = new DataView(data);
  const jsonBytes = view.getUint32(12, true);
  const gltf = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 20, jsonBytes)));
  const start = 20 + jsonBytes + 8;
  const read = index => {
    const accessor = gltf.accessors[index], piece = gltf.bufferViews[accessor.bufferView];
    return new ARRAYS[accessor.componentType](data, start + (piece.byteOffset || 0) + (accessor.byteOffset || 0), accessor.count * COLUMNS[accessor.type]);
  };
  const parts = gltf.nodes.filter(node => node.mesh !== undefined).map(node => {
    const primitive = gltf.meshes[node.mesh].primitives[0];
    const rest = read(primitive.attributes.POSITION);
    return {
      name: node.name, offset: node.translation || [0, 0, 0], rest, indices: new Uint32Array(read(primitive.indices)),
      uvs: primitive.attributes.TEXCOORD_0 === undefined ? null : read(primitive.attributes.TEXCOORD_0),
      targets: (primitive.targets || []).map(target => sparse(read(target.POSITION))),
      names: (primitive.extras || {}).targetNames || [],
      points: new Float32Array(rest), normals: new Float32Array(rest.length),
    };
  });
  const material = gltf.materials[0];
  let picture = null;
  if (gltf.images) {
    const piece = gltf.bufferViews[gltf.images[0].bufferView];
    const bytes = new Uint8Array(data, start + piece.byteOffset, piece.byteLength);
    picture = await createImageBitmap(new Blob([bytes], { type: gltf.images[0].mimeType }));
  }
  const unlit = Boolean((material.extensions || {}).KHR_materials_unlit);
  return { parts, picture, unlit, colour: material.pbrMetallicRoughness.baseColorFactor || [1, 1, 1, 1] };
}

// Most vertices stand still in most shapes: keep those that move.
function sparse(deltas) {
  const moved = [];
  for (let i = 0; i < deltas.length; i += 3) if (deltas[i] || deltas[i + 1] || deltas[i + 2]) moved.push(i);
  const values = new Float32Array(moved.length * 3);
  moved.forEach((at, k) => values.set(deltas.subarray(at, at + 3), 3 * k));
  return { at: Uint32Array.from(moved), values };
}

function pose(part, weights) {
  const { points, rest, normals, indices } = part;
  points.set(rest);
  part.names.forEach((name, i) => {
    const weight = weights[name] || 0;
    if (!weight) return;
    const { at, values } = part.targets[i];
    for (let k = 0, v = 0; k < at.length; k++, v += 3) {
      const p = at[k];
      points[p] += weight * values[v]; points[p + 1] += weight * values[v + 1]; points[p + 2] += weight * values[v + 2];
    }
  });
  normals.fill(0);
  for (let t = 0; t < indices.length; t += 3) {
    const a = 3 * indices[t], b = 3 * indices[t + 1], c = 3 * indices[t + 2];
    const ux = points[b] - points[a], uy = points[b + 1] - points[a + 1], uz = points[b + 2] - points[a + 2];
    const vx = points[c] - points[a], vy = points[c + 1] - points[a + 1], vz = points[c + 2] - points[a + 2];
    const x = uy * vz - uz * vy, y = uz * vx - ux * vz, z = ux * vy - uy * vx;
    for (const at of [a, b, c]) { normals[at] += x; normals[at + 1] += y; normals[at + 2] += z; }
  }
}

// --- drawing ----------------------------------------------------------------------------------------

const VERTEX = `attribute vec3 position, normal; attribute vec2 uv; uniform mat4 clip; uniform mat3 turn; uniform vec3 offset;
uniform mat3 own; varying vec3 n; varying vec2 st;
void main() { vec3 p = turn * (own * position + offset); n = turn * (own * normal); st = uv; gl_Position = clip * vec4(p, 1.0); }`;
const FRAGMENT = `precision highp float; varying vec3 n; varying vec2 st; uniform sampler2D picture; uniform vec3 colour; uniform float unlit, eye;
vec3 linear(vec3 c) { return pow(c, vec3(2.2)); }
void main() {
  vec3 base = linear(texture2D(picture, st).rgb) * colour;
  vec3 m = normalize(n);
  float key = max(dot(m, normalize(vec3(0.45, 0.5, 0.75))), 0.0), fill = 0.5 + 0.5 * m.y, rim = max(dot(m, normalize(vec3(-0.8, 0.2, 0.1))), 0.0);
  vec3 h = normalize(normalize(vec3(0.45, 0.5, 0.75)) + vec3(0.0, 0.0, 1.0));
  float shine = pow(max(dot(m, h), 0.0), mix(18.0, 160.0, eye)) * mix(0.05, 0.9, eye);
  vec3 lit = base * (0.95 * key * vec3(1.0, 0.97, 0.93) + 0.30 * fill * vec3(0.85, 0.92, 1.0) + 0.18 * rim) + shine;
  gl_FragColor = vec4(pow(mix(lit, base, unlit), vec3(1.0 / 2.2)), 1.0);
}`;

function makeRenderer(canvas, head) {
  const gl = canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
  if (!gl) throw new Error("this browser has no WebGL");
  gl.getExtension("OES_element_index_uint");
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text); gl.compileShader(shader); gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  gl.useProgram(program);
  const uniform = name => gl.getUniformLocation(program, name);
  const buffer = (kind, data) => { const made = gl.createBuffer(); gl.bindBuffer(kind, made); gl.bufferData(kind, data, gl.DYNAMIC_DRAW); return made; };
  for (const part of head.parts) {
    part.gl = { points: buffer(gl.ARRAY_BUFFER, part.points), normals: buffer(gl.ARRAY_BUFFER, part.normals),
      uvs: buffer(gl.ARRAY_BUFFER, part.uvs || new Float32Array(part.rest.length / 3 * 2)), indices: buffer(gl.ELEMENT_ARRAY_BUFFER, part.indices) };
  }
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  if (head.picture) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, head.picture);
  else gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, 1, 1, 0, gl.RGB, gl.UNSIGNED_BYTE, new Uint8Array([255, 255, 255]));
  for (const [key, value] of [[gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE], [gl.TEXTURE_MIN_FILTER, gl.LINEAR]]) gl.texParameteri(gl.TEXTURE_2D, key, value);
  gl.enable(gl.DEPTH_TEST);
  const bind = (name, made, size) => { const at = gl.getAttribLocation(program, name); gl.bindBuffer(gl.ARRAY_BUFFER, made); gl.enableVertexAttribArray(at); gl.vertexAttribPointer(at, size, gl.FLOAT, false, 0, 0); };
  const view = { yaw: 0, pitch: 0 };
  drag(canvas, view);
  let drawn = "";
  return (stamp, weights, angles) => { // stamp: tells poses apart; a picture that would be the same is not drawn again
    const wanted = [stamp, view.yaw, view.pitch, canvas.clientWidth, canvas.clientHeight].join();
    if (wanted === drawn) return;
    drawn = wanted;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    canvas.width = canvas.clientWidth * ratio; canvas.height = canvas.clientHeight * ratio;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0.115, 0.13, 0.15, 1); gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniformMatrix4fv(uniform("clip"), false, camera(canvas.width / canvas.height));
    const headTurn = product(rotation(view.pitch, view.yaw, 0), rotation(...angles.slice(0, 3)));
    gl.uniformMatrix3fv(uniform("turn"), false, columns(headTurn));
    gl.uniform3fv(uniform("colour"), head.picture ? [1, 1, 1] : head.colour.slice(0, 3));
    gl.uniform1f(uniform("unlit"), head.unlit ? 1 : 0);
    for (const part of head.parts) {
      const side = part.name === "LeftEye" ? 3 : part.name === "RightEye" ? 6 : 0;
      if (part.targets.length || !part.drawn) pose(part, weights);
      part.drawn = true;
      gl.uniformMatrix3fv(uniform("own"), false, columns(side ? rotation(...angles.slice(side, side + 3)) : rotation(0, 0, 0)));
      gl.uniform3fv(uniform("offset"), part.offset);
      gl.uniform1f(uniform("eye"), side ? 1 : 0);
      for (const [made, data] of [[part.gl.points, part.points], [part.gl.normals, part.normals]]) { gl.bindBuffer(gl.ARRAY_BUFFER, made); gl.bufferSubData(gl.ARRAY_BUFFER, 0, data); }
      bind("position", part.gl.points, 3); bind("normal", part.gl.normals, 3); bind("uv", part.gl.uvs, 2);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, part.gl.indices);
      gl.drawElements(gl.TRIANGLES, part.indices.length, gl.UNSIGNED_INT, 0);
    }
  };
}

function drag(canvas, view) {
  canvas.addEventListener("pointerdown", event => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", event => {
    if (!event.buttons) return;
    view.yaw = Math.max(-1.4, Math.min(1.4, view.yaw + event.movementX * 0.006));
    view.pitch = Math.max(-0.8, Math.min(0.8, view.pitch + event.movementY * 0.006));
  });
}

function camera(aspect) { // 24° high, 0.85 m before the head, a little above the joint that it turns about
  const f = 1 / Math.tan(12 * Math.PI / 180) / Math.max(1, 1 / aspect), near = 0.05, far = 5, away = 0.85, up = 0.03;
  const depth = (near + far) / (near - far), shift = 2 * near * far / (near - far);
  return new Float32Array([f / aspect, 0, 0, 0, 0, f, 0, 0, 0, 0, depth, -1, 0, -f * up, shift - depth * away, away]);
}
function rotation(pitch, yaw, roll) { // rows of R_y(yaw) · R_x(pitch) · R_z(roll)
  const [sp, sy, sr] = [pitch, yaw, roll].map(Math.sin), [cp, cy, cr] = [pitch, yaw, roll].map(Math.cos);
  return [[cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, sy * cp], [cp * sr, cp * cr, -sp], [-sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp]];
}
const product = (a, b) => a.map(row => [0, 1, 2].map(j => row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j]));
const columns = m => new Float32Array([0, 1, 2].flatMap(j => m.map(row => row[j])));

// --- the stream -------------------------------------------------------------------------------------

function readFrame(data) {
  const view = new DataView(data);
  if (data.byteLength < HEADER_BYTES || view.getUint32(0, false) !== 0x4d49454e || view.getUint8(4) !== 1) throw new Error("unknown frame");
  const count = view.getUint16(6, true), samples = view.getUint32(12, true), end = HEADER_BYTES + VALUE_BYTES * count;
  return { rest: view.getUint8(5) === 1, index: view.getUint32(8, true), values: new Float32Array(data.slice(HEADER_BYTES, end)),
    samples: new Int16Array(data.slice(end, end + SAMPLE_BYTES * samples)) };
}

class Clock { // the time of the stream that is to be seen and heard now
  constructor(header, sound) { // the context runs at the sound's own rate, so that pieces join without a click
    this.header = header; this.base = null;
    this.audio = sound ? new AudioContext({ sampleRate: header.sample_rate, latencyHint: "interactive" }) : null;
  }
  running() { return this.audio ? this.audio.currentTime : performance.now() / 1000; }
  now() { return this.base === null ? null : this.running() - this.base - (this.audio ? this.audio.outputLatency || 0 : 0); }
  start(time) { if (this.base === null) this.base = this.running() - time + BUFFER_S; }
  play(frame) {
    if (!this.audio || !frame.samples.length || this.base === null) return;
    const rate = this.header.sample_rate, first = Math.round(frame.index * rate / this.header.fps);
    const when = Math.round((this.base + first / rate) * rate) / rate;
    if (when < this.audio.currentTime) return;
    const buffer = this.audio.createBuffer(1, frame.samples.length, rate), data = buffer.getChannelData(0);
    for (let i = 0; i < data.length; i++) data[i] = frame.samples[i] / 32768;
    const source = this.audio.createBufferSource();
    source.buffer = buffer; source.connect(this.audio.destination); source.start(when);
  }
}

// Browsers give sound only after a click, save where the user allows it always: then no click is asked for.
async function soundIsAllowed() {
  if (query.get("sound") === "off") return false;
  const probe = new AudioContext(), button = document.getElementById("sound");
  await new Promise(done => setTimeout(done, 50));
  if (probe.state !== "running") {
    state.textContent = "Ready."; button.hidden = false;
    await new Promise(done => {
      button.addEventListener("click", done, { once: true });
      probe.addEventListener("statechange", () => { if (probe.state === "running") done(); }); // allowed, but slow to open
    });
    button.hidden = true;
  }
  probe.close();
  return true;
}

async function main() {
  const draw = makeRenderer(document.getElementById("view"), await loadHead("/head.glb"));
  let waiting = true;
  const rest = () => { if (waiting) { draw("rest", {}, new Array(9).fill(0)); requestAnimationFrame(rest); } };
  rest();
  const sound = await soundIsAllowed();
  waiting = false;
  state.textContent = "Connecting …";
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  const frames = [], shot = query.get("shot") === null ? null : Number(query.get("shot"));
  let header = null, clock = null, shown = null, received = 0;
  socket.onmessage = message => {
    if (typeof message.data === "string") {
      const told = JSON.parse(message.data);
      if (told.type === "end") { state.textContent = `The end: ${received} frames.`; document.title = "done"; return; }
      header = told; clock = new Clock(header, sound); state.textContent = `${header.subject}, ${header.fps} frames a second`;
      return;
    }
    const frame = readFrame(message.data);
    if (frame.rest) { shown = frame; return; }
    received++;
    if (shot !== null && frame.index / header.fps > shot) return;
    clock.start(frame.index / header.fps);
    clock.play(frame);
    frames.push(frame);
  };
  socket.onclose = () => { if (document.title !== "done") state.textContent = "Disconnected. Reload the page to connect again."; };
  const tick = () => {
    const now = clock && clock.now();
    while (frames.length && now !== null && frames[0].index / header.fps <= now) shown = frames.shift();
    if (shown && header) {
      const weights = Object.fromEntries(header.names.map((name, i) => [name, shown.values[i]]));
      draw(shown.rest ? "rest" : shown.index, weights, Array.from(shown.values.slice(header.names.length)));
      window.mien = { index: shown.index, received, weights };
    }
    requestAnimationFrame(tick);
  };
  tick();
}

main().catch(error => { state.textContent = `This page cannot work: ${error.message}`; });
