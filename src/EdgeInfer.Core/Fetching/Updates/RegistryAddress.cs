using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching.Updates;

/// <summary>Reads a repository in an OCI registry as the configuration has it.</summary>
internal static class RegistryAddress
{
    /// <summary>Reads <c>oci://HOST/REPOSITORY</c>; <c>https://</c> says the same, on this machine too, and <c>http://</c> is taken as <see cref="RepositoryAddress"/> takes it.</summary>
    /// <returns>Null where it is none.</returns>
    /// <param name="text">As written.</param>
    /// <param name="wrong">What is wrong with it, and the cure; shows no password.</param>
    public static OciReference? Read(string text, out (string What, string Cure) wrong)
    {
        const string Form = "write oci://REGISTRY/REPOSITORY";
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        string name = scheme < 0 ? "" : text[..scheme].ToLowerInvariant();
        string rest = scheme < 0 ? "" : text[(scheme + "://".Length)..].TrimEnd('/');
        wrong = (text.Contains('@', StringComparison.Ordinal) ? "this is no repository in a registry" : $"{Quoted.Text(text)} is no repository in a registry", Form);
        if (name is not ("oci" or "http" or "https") || rest.Contains('@', StringComparison.Ordinal)) return null;
        if (RepositoryAddress.Read($"{(name == "http" ? "http" : "https")}://{rest}", out (string What, string Cure) refused) is null)
        {
            wrong = refused with { Cure = Form };
            return null;
        }

        try
        {
            OciReference reference = OciReference.Read("//" + rest) with { IsPlain = name == "http", IsSecured = name == "https" };
            int slash = rest.IndexOf('/', StringComparison.Ordinal);
            if (rest.IndexOf(':', slash) < 0) return reference;
            wrong = ("a tag says nothing here: releases name their files by digest", Form);
        }
        catch (FaultException e)
        {
            wrong = (e.Fault.What, Form);
        }

        return null;
    }
}
