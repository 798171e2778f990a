/**
 * The file system as a port: exactly the calls the storage engine needs, and no others.
 *
 * <p>Floor: foundation, above {@code memory}. {@link io.kdelta.vfs.HostVfs} is the real file
 * system; {@link io.kdelta.vfs.SimVfs} is one that loses what was not synced. Entry type: {@link
 * io.kdelta.vfs.Vfs}.
 */
@NullMarked
package io.kdelta.vfs;

import org.jspecify.annotations.NullMarked;
