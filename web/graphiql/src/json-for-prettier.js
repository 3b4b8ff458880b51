// GraphiQL formats the variables and headers panes with Prettier's JavaScript parser and printer, half a megabyte for
// a little JSON. This plugin stands in for both (see vite.config.js) and leaves the work to jsonc-parser.
import { applyEdits, format, parse, printParseErrorCode } from 'jsonc-parser';

export const parsers = {
  jsonc: {
    astFormat: 'jsonc-text',
    parse(text) {
      const errors = [];
      parse(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
      if (errors.length > 0) throw new SyntaxError(printParseErrorCode(errors[0].error));
      return { type: 'document', text };
    },
    locStart: () => 0,
    locEnd: node => node.text.length,
  },
};

export const printers = {
  'jsonc-text': {
    print({ node }) {
      return applyEdits(node.text, format(node.text, undefined, { insertSpaces: true, tabSize: 2, eol: '\n' }));
    },
  },
};
