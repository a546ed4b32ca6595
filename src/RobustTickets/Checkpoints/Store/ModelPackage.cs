// A model inside a NuGet package: the ONNX file and the vocabulary are resources of an assembly,
// which is parsed but never loaded.
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Store;

/// <summary>Reads models from their packages.</summary>
internal static class ModelPackage
{
    /// <summary>Name of the file that records the origin of a model's weights.</summary>
    public const string OriginFile = "origin.json";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Imports a package's model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="file">The package file.</param>
    /// <param name="folder">The folder to write.</param>
    /// <exception cref="CheckpointException">The file's hash is not the pinned one, or it cannot be
    /// read.</exception>
    public static void Import(KnownModel model, string file, string folder)
    {
        RequirePinned(model, file);
        var temporary = Directory.CreateTempSubdirectory("robust-tickets-model-").FullName;
        try
        {
            var (onnx, vocabulary) = (Path.Combine(temporary, "model.onnx"), Path.Combine(temporary, "vocab.txt"));
            using (var assembly = new PEReader(Assembly(model, file)))
            {
                File.WriteAllBytes(onnx, Resource(assembly, file, ".model.onnx"));
                File.WriteAllBytes(vocabulary, Resource(assembly, file, ".vocab.txt"));
            }
            OnnxImport.Write(
                new OnnxImportRequest(onnx, vocabulary, folder, Replace: true),
                [new ExtraFile(OriginFile, Origin(model))]
            );
        }
        catch (Exception e) when (e is InvalidDataException or BadImageFormatException or IOException)
        {
            throw new CheckpointException($"{file}: cannot be read: {e.Message}", e);
        }
        finally
        {
            WholeFile.TryDelete(temporary);
        }
    }

    /// <summary>
    /// The model that a folder was made from, according to its origin file; or null.
    /// </summary>
    public static KnownModel? OriginOf(string folder)
    {
        var file = Path.Combine(folder, OriginFile);
        try
        {
            if (!File.Exists(file))
                return null;
            // A checkout of git may have CRLF.
            var found = File.ReadAllText(file).ReplaceLineEndings("\n");
            return KnownModel.All.FirstOrDefault(m => found == Origin(m));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void RequirePinned(KnownModel model, string file)
    {
        if (!File.Exists(file))
            throw new CheckpointException($"{file}: no such file; package {model.PackageFile} is needed");
        string found;
        try
        {
            using var stream = File.OpenRead(file);
            found = Convert.ToBase64String(SHA512.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{file}: cannot be read: {e.Message}", e);
        }
        if (found != model.Sha512)
        {
            throw new CheckpointException(
                $"{file}: has sha512 {found}; {model.Package} {model.Version} is pinned to {model.Sha512}: it is "
                    + "another file, or damaged"
            );
        }
    }

    private static MemoryStream Assembly(KnownModel model, string file)
    {
        using var zip = ZipFile.OpenRead(file);
        var entry =
            zip.Entries.FirstOrDefault(e =>
                e.FullName.StartsWith("lib/", StringComparison.Ordinal) && e.Name == $"{model.Package}.dll"
            ) ?? throw new InvalidDataException($"it holds no {model.Package}.dll");
        var bytes = new MemoryStream();
        using (var stream = entry.Open())
            stream.CopyTo(bytes);
        bytes.Position = 0;
        return bytes;
    }

    // ECMA-335 II.24.2.4: a resource is its length in four bytes, then its bytes.
    private static byte[] Resource(PEReader assembly, string file, string ending)
    {
        var metadata = assembly.GetMetadataReader();
        foreach (var handle in metadata.ManifestResources)
        {
            var resource = metadata.GetManifestResource(handle);
            if (
                !resource.Implementation.IsNil
                || !metadata.GetString(resource.Name).EndsWith(ending, StringComparison.Ordinal)
            )
                continue;
            var section = assembly.GetSectionData(
                assembly.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress
            );
            var at = checked((int)resource.Offset);
            var length = section.GetReader(at, sizeof(int)).ReadInt32();
            return [.. section.GetContent(at + sizeof(int), length)];
        }
        throw new InvalidDataException($"{Path.GetFileName(file)} holds no resource that ends in {ending}");
    }

    /// <summary>The origin file of a model.</summary>
    internal static string Origin(KnownModel model) =>
        new JsonObject
        {
            ["name"] = model.Name,
            ["content"] = model.Content,
            ["origin"] = model.Origin,
            ["licence"] = model.Licence,
            ["package"] = $"{model.Package} {model.Version}",
            ["sha512"] = model.Sha512,
        }.ToJsonString(Indented) + "\n";
}
