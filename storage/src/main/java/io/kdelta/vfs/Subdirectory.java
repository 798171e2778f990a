package io.kdelta.vfs;

import java.util.List;

/** A directory of another {@link Vfs} as a root of its own. Any thread that may use that one. */
final class Subdirectory implements Vfs {
  private final Vfs whole;
  private final String directory;

  Subdirectory(Vfs whole, String directory) {
    PathRule.check(directory);
    this.whole = whole;
    this.directory = directory;
  }

  /** The Vfs that this is a part of. */
  Vfs whole() {
    return whole;
  }

  /** The path as the whole knows it. */
  String in(String path) {
    if (directory.isEmpty()) return path;
    return path.isEmpty() ? directory : directory + "/" + path;
  }

  @Override
  public File create(String path) {
    return whole.create(in(path));
  }

  @Override
  public File open(String path) {
    return whole.open(in(path));
  }

  @Override
  public File openForReading(String path) {
    return whole.openForReading(in(path));
  }

  @Override
  public void rename(String source, String target) {
    whole.rename(in(source), in(target));
  }

  @Override
  public void link(String existing, String added) {
    whole.link(in(existing), in(added));
  }

  @Override
  public boolean linkTo(String existing, Vfs target, String added) {
    return whole.linkTo(in(existing), target, added);
  }

  @Override
  public Vfs below(String subdirectory) {
    return new Subdirectory(whole, in(subdirectory));
  }

  @Override
  public void delete(String path) {
    whole.delete(in(path));
  }

  @Override
  public boolean exists(String path) {
    return whole.exists(in(path));
  }

  @Override
  public List<String> list(String subdirectory) {
    return whole.list(in(subdirectory));
  }

  @Override
  public void createDirectories(String subdirectory) {
    whole.createDirectories(in(subdirectory));
  }

  @Override
  public void syncDirectory(String subdirectory) {
    whole.syncDirectory(in(subdirectory));
  }

  @Override
  public Lock lock(String path, String ownerText) {
    return whole.lock(in(path), ownerText);
  }

  @Override
  public long freeSpace() {
    return whole.freeSpace();
  }
}
