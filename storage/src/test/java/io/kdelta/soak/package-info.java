/**
 * Long runs of the storage engine over the files of the machine, which a person starts: {@code mvn
 * -Psoak verify -pl storage}. Processes are killed, file systems filled and shut down under it;
 * what was acknowledged is audited every time.
 */
@NullMarked
package io.kdelta.soak;

import org.jspecify.annotations.NullMarked;
