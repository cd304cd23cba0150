import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { boundaryConfigs, folderOf, IMPORTS, nxConstraints, OUTSIDE } from './eslint.boundaries.js';

const folders = [...Object.keys(IMPORTS), ...Object.keys(OUTSIDE)].map(folderOf);
const TESTS = ['**/test/**/*.ts', 'test/**/*.ts'];
/** Outside the product: they may know the time, the environment and the console. */
const OUTSIDE_PRODUCT = [...TESTS, 'tools/**/*.ts', 'libs/testing/**/*.ts'];

/** Time, chance, environment and console come in through a collaborator, so that a test can turn them. */
const sources = {
  globals: [
    { name: 'setTimeout', message: 'Use Clock.sleep.' },
    { name: 'setInterval', message: 'Use Clock.sleep in a loop that a signal ends.' },
    { name: 'setImmediate', message: 'Use Clock.sleep, or import it from node:timers/promises to yield.' },
    { name: 'console', message: 'Use the logger of the service context.' },
  ],
  properties: [
    { object: 'Date', property: 'now', message: 'Use Clock.now or Clock.monotonicMs.' },
    { object: 'Math', property: 'random', message: 'Use node:crypto.' },
    { object: 'process', property: 'env', message: 'Environment is read once, by service-kit.' },
  ],
};

/** What style.md forbids and no rule of its own covers. */
const syntax = [
  { selector: 'ExportAllDeclaration[exportKind!="type"]', message: 'List what is exported by hand.' },
  { selector: 'ExportDefaultDeclaration', message: 'No default exports.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
  { selector: 'TSModuleDeclaration[kind="namespace"]', message: 'Use a module.' },
];
const systemTime = { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Use Clock.now.' };

/**
 * Each file is judged with the types of its own project alone: one list for all loads every project for every file, gigabytes.
 * Lists instead of `projectService`, which does not find the test files.
 */
const typesOf = (folder) => ({
  files: [`${folder}/**/*.ts`],
  languageOptions: {
    parserOptions: {
      project:
        folder === 'test/e2e'
          ? [`${folder}/tsconfig.test.json`]
          : [`${folder}/tsconfig.json`, `${folder}/tsconfig.test.json`],
    },
  },
});

export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '**/dist-test/**',
      '**/generated/**',
      '**/node_modules/**',
      '.lutra/**',
      '.nx/**',
      'coverage/**',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        tsconfigRootDir: import.meta.dirname,
        emitDecoratorMetadata: true,
        experimentalDecorators: true,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-globals': ['error', ...sources.globals],
      'no-restricted-properties': ['error', ...sources.properties],
      'no-restricted-syntax': ['error', ...syntax, systemTime],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70 }],
      eqeqeq: 'error',
      'no-param-reassign': 'error',
      // Numbers and booleans in a text mean one thing only.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => doIt()` reads well; the result is nobody's business.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Noise: `signal.aborted` changes while we wait, but TypeScript narrows it for good; every loop with a signal would fire.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Noise: fires on option objects of NestJS that are classes there.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // Noise: an async function without await is how an interface of promises is kept and errors become rejections.
      '@typescript-eslint/require-await': 'off',
      // Noise: NestJS modules are classes without members.
      '@typescript-eslint/no-extraneous-class': [
        'error',
        { allowEmpty: true, allowWithDecorator: true, allowStaticOnly: true },
      ],
    },
  },
  ...folders.map(typesOf),
  {
    files: OUTSIDE_PRODUCT,
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', ...syntax],
      'max-lines-per-function': 'off',
      // Noise: expect(object.method) does not call it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  // The two places that ask the system themselves.
  {
    files: ['libs/model/src/clock.ts', 'libs/service-kit/src/service-host.ts'],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-syntax': ['error', ...syntax] },
  },
  // TypeORM and class-transformer fill these fields; `!` says so.
  {
    files: ['**/*.entity.ts', '**/*.dto.ts', '**/*.env.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  ...boundaryConfigs(),
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          allowCircularSelfDependency: true,
          enforceBuildableLibDependency: false,
          // Only tests import libs/testing, which has the libraries it drives: no cycle of anything that runs.
          ignoredCircularDependencies: IMPORTS.testing.map((library) => [library, 'testing']),
          depConstraints: nxConstraints,
        },
      ],
    },
  },
  prettier,
  // Plain JavaScript has no types to check.
  { files: ['**/*.js', '**/*.mjs'], rules: { 'max-lines': ['error', { max: 400 }] } },
);
