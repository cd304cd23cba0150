import { followScenarios } from './follow-scenarios.ts';

followScenarios(8);
