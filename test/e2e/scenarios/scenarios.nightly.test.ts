import { followScenarios } from './follow-scenarios.ts';

followScenarios(1);
