'use strict';

// The versions of a key as a picture: a row each, newest first, as /v1/history tells them; a lane for each branch.
// What it draws is text and lines alone: nothing that a document says becomes markup.
const versionGraph = (() => {
  const ROW = 30, LANE = 22, LEFT = 18, RADIUS = 6;
  const SVG = 'http://www.w3.org/2000/svg';

  // Which lane each version stands in. A lane is held from a version down to its first parent.
  function layOut(versions) {
    const lanes = []; // the id that each lane waits for, or null
    const rows = new Map();
    versions.forEach((version, row) => {
      let lane = lanes.indexOf(version.id);
      if (lane < 0) lane = free(lanes);
      for (let i = 0; i < lanes.length; i++) if (lanes[i] === version.id) lanes[i] = null;
      rows.set(version.id, { row, lane });
      version.parents.forEach((parent, index) => {
        if (lanes.includes(parent)) return;
        lanes[index === 0 && lanes[lane] == null ? lane : free(lanes)] = parent;
      });
    });
    return { rows, width: Math.max(1, lanes.length) };
  }

  function free(lanes) {
    const gap = lanes.indexOf(null);
    if (gap >= 0) return gap;
    lanes.push(null);
    return lanes.length - 1;
  }

  const x = place => LEFT + place.lane * LANE;
  const y = place => ROW / 2 + place.row * ROW;

  function element(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function edge(child, parent, below) {
    const from = { x: x(child), y: y(child) };
    const to = parent ? { x: x(parent), y: y(parent) } : { x: from.x, y: below };
    const bend = Math.min(from.y + ROW, to.y);
    const path = from.x === to.x
      ? `M${from.x} ${from.y}V${to.y}`
      : `M${from.x} ${from.y}C${from.x} ${bend - 8} ${to.x} ${from.y + 8} ${to.x} ${bend}V${to.y}`;
    return element('path', { class: 'edge', d: path });
  }

  function shorten(text, most) {
    return text.length <= most ? text : text.slice(0, most - 1) + '…';
  }

  // Draws into svg; open(version) is called for the one that is chosen.
  function draw(svg, versions, more, open) {
    const { rows, width } = layOut(versions);
    const parents = new Set(versions.flatMap(version => version.parents));
    const heads = versions.filter(version => !parents.has(version.id));
    const bottom = versions.length * ROW + (more ? ROW / 2 : 0);
    const text = LEFT + width * LANE + 4;
    const lines = [], marks = [];
    for (const version of versions) {
      const place = rows.get(version.id);
      for (const parent of version.parents) {
        if (rows.has(parent) || more) lines.push(edge(place, rows.get(parent), bottom));
      }
      const head = !parents.has(version.id);
      const classes = ['version', version.kind];
      if (head) classes.push(heads.length > 1 ? 'conflict' : 'head');
      const mark = element('g', { class: classes.join(' '), tabindex: 0, role: 'button', 'data-id': version.id });
      mark.append(
        element('rect', { class: 'row', x: 0, y: place.row * ROW, width: '100%', height: ROW, rx: 4 }),
        element('circle', { cx: x(place), cy: y(place), r: RADIUS }));
      const label = element('text', { x: text, y: y(place) + 4 }, version.id.slice(0, 8));
      const told = version.kind === 'delete' ? 'deleted' : JSON.stringify(version.value);
      label.append(
        element('tspan', { class: 'faint', dx: 12 }, version.time.slice(0, 19).replace('T', ' ')),
        element('tspan', { dx: 12 }, shorten(version.node, 16)),
        element('tspan', { dx: 12 }, shorten(told, 70)));
      if (version.note) label.append(element('tspan', { class: 'faint', dx: 12 }, shorten(version.note, 40)));
      mark.append(label, element('title', {}, version.id));
      mark.addEventListener('click', () => open(version, mark));
      mark.addEventListener('keydown', event => { if (event.key === 'Enter') open(version, mark); });
      marks.push(mark);
    }
    svg.replaceChildren(...lines, ...marks);
    svg.setAttribute('height', bottom + 4);
    svg.setAttribute('width', text + 980);
    return heads.length;
  }

  return { draw, layOut };
})();
