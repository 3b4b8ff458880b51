// Vite plugins that write the licence of every bundled package into one file, and stop the build at one that is not
// known to be permissive.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PERMISSIVE = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);
// Both leave helpers of their own in what they build.
const BUILDERS = ['vite', 'rolldown'];
// Packages published without the licence text of their project, and one of the same project and author that has it.
const KIN = {
  '@graphiql/plugin-doc-explorer': 'graphiql',
  '@graphiql/plugin-history': 'graphiql',
  'react-compiler-runtime': 'react',
  'react-remove-scroll-bar': 'react-remove-scroll',
};
// What a package carries of others without saying so in a file of its own.
const CARRIED = {
  'monaco-editor': `This package also carries
- DOMPurify, (c) Cure53 and other contributors, here under the Apache License 2.0, whose text is in this file;
- the Codicons icon font, (c) Microsoft Corporation, under the Creative Commons Attribution 4.0 International Public
  License, https://creativecommons.org/licenses/by/4.0/legalcode.`,
};
const modules = join(process.cwd(), 'node_modules');

function packageOf(module) {
  const file = module.replace(/[?#].*$/, '').replaceAll('\0', '');
  if (!file.includes('/node_modules/')) return undefined;
  for (let folder = dirname(file); !folder.endsWith('/node_modules'); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, 'utf8'));
    if (name && version) return folder;
  }
  throw new Error(`no package owns ${file}`);
}

function textOf(folder) {
  const files = readdirSync(folder).filter(name => /^(licen[cs]e|notice|thirdpartynotices)/i.test(name));
  return files
    .sort()
    .map(name => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n'))
    // Vite's file goes on with what Vite itself is made of, none of which is in the page.
    .map(text => text.split('\n# Licenses of bundled dependencies')[0].trim())
    .join('\n\n');
}

function entryOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!PERMISSIVE.has(license)) throw new Error(`${name} ${version} is under ${license}, which is not on the list`);
  const text = textOf(folder) || (KIN[name] && textOf(join(modules, KIN[name])));
  if (!text) throw new Error(`${name} ${version} comes without a licence text`);
  return { title: `${name} ${version} (${license})`, text: [text, CARRIED[name]].filter(Boolean).join('\n\n') };
}

export function licences(fileName) {
  const folders = new Set(BUILDERS.map(name => join(modules, name)));
  return {
    collect: () => ({
      name: 'collect-licences',
      generateBundle() {
        for (const id of this.getModuleIds()) {
          const folder = packageOf(id);
          if (folder) folders.add(folder);
        }
      },
    }),
    write: () => ({
      name: 'write-licences',
      enforce: 'post',
      generateBundle() {
        const titlesByText = new Map();
        for (const { title, text } of [...folders].map(entryOf).sort((a, b) => (a.title < b.title ? -1 : 1))) {
          titlesByText.set(text, new Set(titlesByText.get(text)).add(title));
        }
        const rule = '='.repeat(80);
        const sections = [...titlesByText].map(([text, titles]) => [rule, ...titles, rule, '', text, ''].join('\n'));
        this.emitFile({ type: 'asset', fileName, source: sections.join('\n') });
      },
    }),
  };
}
