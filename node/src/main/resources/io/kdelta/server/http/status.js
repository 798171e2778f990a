'use strict';

const PAUSE_MILLIS = 2000;
const KEYS_MAX = 200, VERSIONS_MAX = 200, SESSIONS_MAX = 20;
const at = id => document.getElementById(id);
const count = number => Number(number).toLocaleString('en');
let drawn = '', listed = '';

async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: 'application/json' } });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error ? json.error.message : answer.statusText);
  return { json, next: answer.headers.get('Kdelta-Next') };
}

function make(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function bytes(size) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) { size /= 1024; unit++; }
  return (unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)) + ' ' + units[unit];
}

// Equal roots have equal colours.
function swatch(root) {
  return `hsl(${parseInt(root.slice(0, 4), 16) % 360} 45% 50%)`;
}

function link(namespace, key) {
  const made = make('a', namespace + '/' + key);
  made.href = '#/' + encodeURIComponent(namespace) + '/' + encodeURIComponent(key);
  return made;
}

function fill(list, items, none) {
  list.replaceChildren(...(items.length ? items : [make('li', none, 'none')]));
}

function showNodes(nodes) {
  const rows = nodes.map(node => {
    const row = make('tr');
    const root = make('td', undefined, 'id');
    const colour = make('span', node.root.slice(0, 8), 'root');
    colour.style.setProperty('--swatch', swatch(node.root));
    colour.title = node.root;
    root.append(colour);
    row.append(
      make('td', node.name, node.self ? 'self' : ''),
      make('td', node.address),
      make('td', node.state, 'state ' + node.state),
      make('td', node.zone),
      make('td', count(node.keys), 'number'),
      make('td', count(node.versions), 'number'),
      make('td', node.lag == null ? '–' : count(node.lag), 'number'),
      make('td', bytes(node.diskBytes), 'number'),
      root);
    return row;
  });
  at('nodes').tBodies[0].replaceChildren(...rows);
  const members = nodes.filter(node => node.state !== 'left');
  const same = new Set(members.map(node => node.root)).size <= 1;
  const self = nodes.find(node => node.self);
  const told = self && self.catchUp ? `, ${self.name} catches up by ${self.catchUp.rung}` : '';
  at('summary').textContent = (members.length === 1 ? '1 node'
    : same ? `all ${members.length} nodes hold the same versions`
    : `${members.length} nodes hold different versions`) + told;
  at('summary').className = same ? '' : 'behind';
}

function showConflicts(conflicts, more) {
  at('conflict-count').textContent = conflicts.length ? count(conflicts.length) + (more ? '+' : '') : '';
  fill(at('conflicts'), conflicts.map(conflict => {
    const item = make('li');
    item.append(link(conflict.namespace, conflict.key), make('small', `  ${conflict.heads.length} heads`));
    return item;
  }), 'none');
}

function showLog(sessions) {
  fill(at('log'), sessions.map(session => {
    const item = make('li', `${session.peer}: ${session.outcome}`);
    item.append(make('small', `  ${session.rungs.join(' ')}, ${count(session.differences)} versions, `
      + `${bytes(session.bytesSent + session.bytesReceived)}, ${count(session.millis)} ms`));
    return item;
  }), 'none yet');
}

async function showKeys(namespaces) {
  const select = at('namespace');
  const names = namespaces.map(entry => entry.namespace);
  if (names.join() !== listed) {
    listed = names.join();
    const chosen = select.value;
    select.replaceChildren(...names.map(name => new Option(name, name)));
    if (names.includes(chosen)) select.value = chosen;
  }
  if (!select.value) return fill(at('keys'), [], 'nothing is written yet');
  const prefix = encodeURIComponent(at('prefix').value);
  const { json, next } = await ask(`v1/kv/${encodeURIComponent(select.value)}?prefix=${prefix}&limit=${KEYS_MAX}`);
  const items = json.keys.map(key => {
    const item = make('li');
    const made = link(select.value, key);
    made.textContent = key;
    item.append(made);
    return item;
  });
  if (next) items.push(make('li', `the first ${KEYS_MAX}; a prefix finds others`, 'none'));
  fill(at('keys'), items, 'no keys');
}

async function showHistory() {
  const [, namespace, key] = location.hash.split('/').map(decodeURIComponent);
  at('history').hidden = !key;
  if (!key) { drawn = ''; return; }
  const path = `v1/history/${encodeURIComponent(namespace)}/${encodeURIComponent(key)}?limit=${VERSIONS_MAX}`;
  const { json, next } = await ask(path);
  const now = namespace + '/' + key + ' ' + json.versions.map(version => version.id).join();
  if (now === drawn) return;
  drawn = now;
  at('history-key').textContent = namespace + '/' + key;
  at('document').hidden = true;
  const heads = versionGraph.draw(at('graph'), json.versions, next !== null, (version, mark) => {
    document.querySelectorAll('.version.shown').forEach(other => other.classList.remove('shown'));
    mark.classList.add('shown');
    at('document').hidden = false;
    at('document').textContent = JSON.stringify(version, null, 2);
  });
  at('history-note').textContent = `${count(json.versions.length)} versions${next ? ', older ones not shown' : ''}, `
    + (heads === 1 ? '1 head' : `${heads} heads: a conflict; kdelta resolve ${namespace}/${key} --merge`);
}

async function refresh() {
  try {
    const [status, conflicts, log, namespaces] = await Promise.all([
      ask('v1/cluster/status'), ask('v1/conflicts?limit=100'),
      ask(`v1/cluster/log?limit=${SESSIONS_MAX}`), ask('v1/namespaces')]);
    showNodes(status.json.nodes);
    showConflicts(conflicts.json.conflicts, conflicts.next !== null);
    showLog(log.json.sessions);
    await showKeys(namespaces.json.namespaces);
    await showHistory();
  } catch (error) {
    at('summary').textContent = 'the node does not answer: ' + error.message;
    at('summary').className = 'gone';
  }
}

async function forever() {
  await refresh();
  document.body.dataset.shown = 'true';
  setTimeout(forever, PAUSE_MILLIS);
}

addEventListener('hashchange', refresh);
at('namespace').addEventListener('change', refresh);
at('prefix').addEventListener('input', refresh);
forever();
