package io.kdelta.sim;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Compares compiled classes by what they do: the instructions of their methods. */
final class Bytecode {
  private Bytecode() {}

  /** The classes below {@code folder} that are not the same as those on the class path. */
  static List<String> differing(Path folder) throws IOException {
    List<String> differing = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        String name = folder.relativize(file).toString();
        try (InputStream packaged = Bytecode.class.getClassLoader().getResourceAsStream(name)) {
          boolean same =
              packaged != null
                  && code(packaged.readAllBytes()).equals(code(Files.readAllBytes(file)));
          if (!same) differing.add(name);
        }
      }
    }
    return differing;
  }

  /** Every method with its instructions as text. */
  private static Map<String, List<String>> code(byte[] image) {
    ClassModel model = ClassFile.of().parse(image);
    TreeMap<String, List<String>> methods = new TreeMap<>();
    for (MethodModel method : model.methods()) {
      List<String> instructions = new ArrayList<>();
      method
          .code()
          .ifPresent(code ->
              code.forEach(element -> {
                if (element instanceof Instruction one) instructions.add(one.toString());
              }));
      String name = method.methodName().stringValue() + method.methodType().stringValue();
      methods.put(name, instructions);
    }
    return methods;
  }
}
