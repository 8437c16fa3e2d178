import {registry} from "@web/core/registry";

/** The longest that a tour may wait for a step; the default of ten seconds is short on a machine that does much else. */
const PATIENCE = 60000;

/**
 * Adds a tour whose steps wait as long as they may: what a screen shows does not depend on how fast it does.
 * @param {String} name
 * @param {{url: String, steps: Function}} tour
 */
export function addTour(name, tour) {
    registry.category("web_tour.tours").add(name, {
        ...tour,
        steps: () => tour.steps().map((step) => ({timeout: PATIENCE, ...step})),
    });
}
