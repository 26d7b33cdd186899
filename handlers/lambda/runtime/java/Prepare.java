import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/**
 * Compiles the bootstrap for the JVM that runs this: `java Prepare.java FOLDER` makes bootstrap.jar of the other sources
 * in the folder, and bootstrap.jsa, from which a JVM takes its classes without loading them. Prints "ready" at the end.
 */
public final class Prepare {
    private Prepare() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Path jar = folder.resolve("bootstrap.jar");
        compile(folder, folder.resolve("classes"));
        pack(folder.resolve("classes"), jar);
        /* Without an archive functions only start slower. JVMs before 13 can't make one. */
        if (Runtime.version().feature() >= 13)
            archive(folder, jar);
        System.out.println("ready");
    }

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(f -> f.toString().endsWith(ending)).sorted().collect(Collectors.toList());
        }
    }

    private static void compile(Path folder, Path classes) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> command =
            new ArrayList<>(List.of("-d", classes.toString(), "-proc:none", "-nowarn", "-XDignore.symbol.file"));
        for (Path source : files(folder, ".java")) {
            if (!source.endsWith("Prepare.java"))
                command.add(source.toString());
        }
        if (compiler == null || compiler.run(null, null, null, command.toArray(new String[0])) != 0)
            throw new IOException("the bootstrap cannot be compiled");
    }

    private static void pack(Path classes, Path jar) throws IOException {
        Path unfinished = jar.resolveSibling("unfinished.jar");
        try (OutputStream file = Files.newOutputStream(unfinished); JarOutputStream out = new JarOutputStream(file)) {
            for (Path c : files(classes, ".class")) {
                out.putNextEntry(new JarEntry(classes.relativize(c).toString().replace(File.separatorChar, '/')));
                Files.copy(c, out);
                out.closeEntry();
            }
        }
        Files.move(unfinished, jar, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void archive(Path folder, Path jar) throws IOException, InterruptedException {
        Path unfinished = folder.resolve("unfinished.jsa");
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process rehearsal = new ProcessBuilder(java.toString(), "-XX:ArchiveClassesAtExit=" + unfinished,
                                               "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jar.toString(),
                                               "cadabra.lambda.Bootstrap", "--rehearse")
                                .redirectErrorStream(true)
                                .redirectOutput(folder.resolve("rehearsal.log").toFile())
                                .start();
        rehearsal.waitFor();
        if (Files.exists(unfinished))
            Files.move(unfinished, folder.resolve("bootstrap.jsa"), StandardCopyOption.REPLACE_EXISTING);
    }
}
